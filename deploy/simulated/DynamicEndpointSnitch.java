public final class DynamicEndpointSnitch implements DynamicEndpointSnitchMBean {
    public String getSubsnitchClassName() { return "org.apache.cassandra.locator.GossipingPropertyFileSnitch"; }
}
