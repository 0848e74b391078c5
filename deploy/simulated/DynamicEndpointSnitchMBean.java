public interface DynamicEndpointSnitchMBean {
    String getSubsnitchClassName();
}
