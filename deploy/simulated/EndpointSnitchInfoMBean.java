import java.io.IOException;

public interface EndpointSnitchInfoMBean {
    String getDatacenter();
    String getRack();
    String getSnitchName();
    String getDatacenter(String endpoint) throws IOException;
    String getRack(String endpoint) throws IOException;
}
