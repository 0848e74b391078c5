public interface TablesMBean {
    String getTableName();
}
