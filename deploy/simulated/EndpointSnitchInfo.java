import java.io.IOException;
import java.net.UnknownHostException;

public final class EndpointSnitchInfo implements EndpointSnitchInfoMBean {
    private final SimulatedNode node;

    EndpointSnitchInfo(SimulatedNode node) {
        this.node = node;
    }

    public String getDatacenter() { return node.settings.datacenter(); }
    public String getRack() { return node.settings.rack(); }
    public String getSnitchName() { return "org.apache.cassandra.locator.DynamicEndpointSnitch"; }
    public String getDatacenter(String endpoint) throws IOException { return member(endpoint).datacenter(); }
    public String getRack(String endpoint) throws IOException { return member(endpoint).rack(); }

    private Ring.Member member(String endpoint) throws IOException {
        Ring.Member member = node.ring.members().get(endpoint.replaceFirst("^.*/", "").replaceFirst(":\\d+$", ""));
        if (member == null) throw new UnknownHostException(endpoint);
        return member;
    }
}
