import java.io.IOException;
import java.util.List;
import java.util.Map;

public interface StorageProxyMBean {
    Map<String, List<String>> getSchemaVersions() throws IOException;
    Map<String, List<String>> getSchemaVersionsWithPort() throws IOException;
}
