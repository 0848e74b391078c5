public final class Tables implements TablesMBean {
    private final Table table;

    Tables(Table table) {
        this.table = table;
    }

    public String getTableName() { return table.name(); }
}
