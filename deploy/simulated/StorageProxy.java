import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

public final class StorageProxy implements StorageProxyMBean {
    private final SimulatedNode node;

    StorageProxy(SimulatedNode node) {
        this.node = node;
    }

    public Map<String, List<String>> getSchemaVersions() throws IOException { return versions(""); }
    public Map<String, List<String>> getSchemaVersionsWithPort() throws IOException { return versions(":" + node.settings.storagePort()); }

    /** The others' is the shared schema's; this node's own may have been told to differ. */
    private Map<String, List<String>> versions(String suffix) throws IOException {
        String shared = new TableStore(node.settings).schemaVersion();
        Map<String, List<String>> versions = new LinkedHashMap<>();
        for (Ring.Member member : node.ring.members().values()) {
            boolean own = member.address().equals(node.settings.address());
            String version = own ? node.tables.schemaVersion() : member.up() ? shared : "UNREACHABLE";
            versions.computeIfAbsent(version, any -> new ArrayList<>()).add(member.address() + suffix);
        }
        return versions;
    }
}
