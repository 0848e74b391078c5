import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import javax.management.NotificationBroadcasterSupport;
import javax.management.openmbean.TabularData;

public final class StorageService extends NotificationBroadcasterSupport implements StorageServiceMBean {
    private final SimulatedNode node;
    private final TableStore tables;
    private final Snapshots snapshots;
    private final Repairs repairs;
    private volatile boolean incrementalBackups;

    StorageService(SimulatedNode node) {
        this.node = node;
        this.tables = node.tables;
        this.snapshots = new Snapshots(tables);
        this.repairs = new Repairs(node, this);
    }

    public String getClusterName() { return node.settings.clusterName(); }
    public String getReleaseVersion() { return node.settings.release(); }
    public String getPartitionerName() { return "org.apache.cassandra.dht.Murmur3Partitioner"; }
    public String getOperationMode() { return node.mode; }
    public String getLocalHostId() throws IOException { return node.ring.members().get(node.settings.address()).hostId(); }
    public String getSchemaVersion() { return tables.schemaVersion(); }
    public List<String> getTokens() throws IOException { return new ArrayList<>(node.ring.members().get(node.settings.address()).tokens()); }

    private Map<String, String> hostIds(Function<String, String> write) throws IOException {
        Map<String, String> ids = new LinkedHashMap<>();
        for (Ring.Member member : node.ring.members().values()) ids.put(write.apply(member.address()), member.hostId());
        return ids;
    }

    private Map<String, String> owners(Function<String, String> write) throws IOException {
        Map<String, String> owners = new LinkedHashMap<>();
        new TokenRing(node.ring.members().values()).owners().forEach((token, member) -> owners.put(token.toString(), write.apply(member.address())));
        return owners;
    }

    private List<String> addresses(boolean up, Function<String, String> write) throws IOException {
        return new ArrayList<>(node.ring.members().values().stream().filter(member -> member.up() == up).map(member -> write.apply(member.address())).toList());
    }

    private List<String> inMode(String mode, Function<String, String> write) {
        return node.mode.equals(mode) ? new ArrayList<>(List.of(write.apply(node.settings.address()))) : new ArrayList<>();
    }

    private String plain(String address) { return address; }
    private String withPort(String address) { return address + ":" + node.settings.storagePort(); }

    public Map<String, String> getEndpointToHostId() throws IOException { return hostIds(this::plain); }
    public Map<String, String> getEndpointWithPortToHostId() throws IOException { return hostIds(this::withPort); }
    public Map<String, String> getTokenToEndpointMap() throws IOException { return owners(this::plain); }
    public Map<String, String> getTokenToEndpointWithPortMap() throws IOException { return owners(this::withPort); }
    public List<String> getLiveNodes() throws IOException { return addresses(true, this::plain); }
    public List<String> getLiveNodesWithPort() throws IOException { return addresses(true, this::withPort); }
    public List<String> getUnreachableNodes() throws IOException { return addresses(false, this::plain); }
    public List<String> getUnreachableNodesWithPort() throws IOException { return addresses(false, this::withPort); }
    public List<String> getJoiningNodes() { return inMode("JOINING", this::plain); }
    public List<String> getJoiningNodesWithPort() { return inMode("JOINING", this::withPort); }
    public List<String> getLeavingNodes() { return inMode("LEAVING", this::plain); }
    public List<String> getLeavingNodesWithPort() { return inMode("LEAVING", this::withPort); }
    public List<String> getMovingNodes() { return inMode("MOVING", this::plain); }
    public List<String> getMovingNodesWithPort() { return inMode("MOVING", this::withPort); }
    public List<String> getKeyspaces() { return new ArrayList<>(tables.keyspaces()); }
    public List<String> getNonSystemKeyspaces() { return new ArrayList<>(tables.keyspaces().stream().filter(name -> !name.equals("system") && !name.startsWith("system_")).toList()); }
    public String[] getAllDataFileLocations() { return tables.dataFolders().stream().map(Object::toString).toArray(String[]::new); }
    public String getCommitLogLocation() { return node.settings.commitLog().toString(); }
    public String getSavedCachesLocation() { return node.settings.savedCaches().toString(); }
    public boolean isJoined() { return true; }
    public boolean isDrained() { return node.mode.equals("DRAINED"); }
    public boolean isNativeTransportRunning() { return node.mode.equals("NORMAL"); }
    public boolean isGossipRunning() { return !isDrained(); }
    public boolean isIncrementalBackupsEnabled() { return incrementalBackups; }
    public void setIncrementalBackupsEnabled(boolean enabled) { incrementalBackups = enabled; }

    public Map<String, TabularData> getSnapshotDetails() throws IOException {
        return SnapshotDetails.of(snapshots, tables.all());
    }

    public Map<String, TabularData> getSnapshotDetails(Map<String, String> options) throws IOException { return getSnapshotDetails(); }

    public void takeSnapshot(String tag, Map<String, String> options, String... entities) throws IOException {
        node.faults.before("takeSnapshot");
        if (tag == null || tag.isEmpty()) throw new IOException("You must supply a snapshot name.");
        if (node.mode.equals("JOINING")) throw new IOException("Cannot snapshot until bootstrap completes");
        List<Table> chosen = Entities.tables(tables, entities);
        if (snapshots.exists(tag, chosen)) throw new IOException("Snapshot " + tag + " already exists.");
        for (Table table : chosen) {
            snapshots.take(tag, table);
            node.faults.during("takeSnapshot");
        }
    }

    /** As Cassandra's own: an unknown tag and an unknown keyspace are no errors, and an empty tag means every snapshot. */
    public void clearSnapshot(String tag, String... keyspaces) throws IOException {
        node.faults.before("clearSnapshot");
        List<String> wanted = keyspaces == null ? List.of() : List.of(keyspaces);
        for (Table table : tables.all()) if (wanted.isEmpty() || wanted.contains(table.keyspace())) snapshots.clear(tag == null ? "" : tag, table);
    }

    public void clearSnapshot(Map<String, Object> options, String tag, String... keyspaces) throws IOException { clearSnapshot(tag, keyspaces); }

    public void forceKeyspaceFlush(String keyspace, String... names) throws IOException {
        node.faults.before("forceKeyspaceFlush");
        Entities.requireKeyspace(tables, keyspace);
        for (String name : names) Entities.tables(tables, keyspace + "." + name);
    }

    public void drain() throws IOException {
        node.faults.before("drain");
        node.mode = "DRAINED";
    }

    public void joinRing() throws IOException {
        node.faults.before("joinRing");
        if (!node.joinsRing) throw new IllegalStateException("This node has already joined the ring");
    }

    public int repairAsync(String keyspace, Map<String, String> options) throws IOException {
        node.faults.before("repairAsync");
        Entities.requireKeyspace(tables, keyspace);
        return Entities.replicas(keyspace, node.ring.members().size()) < 2 ? 0 : repairs.start(keyspace);
    }

    public List<String> getParentRepairStatus(int number) { return repairs.status(number); }

    public String getKeyspaceReplicationInfo(String keyspace) {
        Entities.requireKeyspace(tables, keyspace);
        return Entities.replication(keyspace);
    }

    public List<String> describeRingWithPortJMX(String keyspace) throws IOException {
        Entities.requireKeyspace(tables, keyspace);
        return new TokenRing(node.ring.members().values()).describe(Entities.replicas(keyspace, node.ring.members().size()), node.settings.storagePort());
    }

    public Map<List<String>, List<String>> getRangeToEndpointWithPortMap(String keyspace) throws IOException {
        Entities.requireKeyspace(tables, keyspace);
        return new TokenRing(node.ring.members().values()).ranges(Entities.replicas(keyspace, node.ring.members().size()), node.settings.storagePort());
    }
}
