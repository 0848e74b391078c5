import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.RuntimeMXBean;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.rmi.registry.LocateRegistry;
import java.rmi.registry.Registry;
import java.rmi.server.RMIServerSocketFactory;
import java.rmi.server.UnicastRemoteObject;
import java.util.HashMap;
import java.util.Map;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.MBeanServerFactory;
import javax.management.ObjectName;
import javax.management.StandardMBean;
import javax.management.remote.JMXServiceURL;
import javax.management.remote.rmi.RMIConnectorServer;
import javax.management.remote.rmi.RMIJRMPServerImpl;

/** One node: its identity out of its data folders, its place in the ring, and its JMX server. */
final class SimulatedNode {
    static final String DOMAIN = "org.apache.cassandra.db:";

    final NodeSettings settings;
    final Faults faults = new Faults();
    final Ring ring;
    final TableStore tables;
    final boolean joinsRing = !"false".equals(System.getProperty("cassandra.join_ring"));
    volatile String mode = "STARTING";
    volatile boolean running;
    private long startTime;
    private RMIConnectorServer connector;
    private Registry registry;
    private MBeanServer beans;

    SimulatedNode(NodeSettings settings) {
        this.settings = settings;
        this.ring = new Ring(settings.bed().resolve("ring"));
        this.tables = new TableStore(settings);
    }

    /** Reads or makes the folders, and with them the host id; enters the ring. */
    synchronized void announce() throws IOException {
        for (Path folder : settings.dataFolders()) Files.createDirectories(folder);
        for (Path folder : new Path[] {settings.commitLog(), settings.hints(), settings.savedCaches()}) Files.createDirectories(folder);
        Identity identity = tables.identity();
        if (identity == null) {
            boolean known = ring.knows(settings.address());
            if (known && ring.live().stream().anyMatch(member -> !member.address().equals(settings.address())))
                throw new IllegalStateException("A node with address /" + settings.endpoint() + " already exists, cancelling join. "
                        + "Use cassandra.replace_address if you want to replace this node.");
            identity = Identity.fresh(settings, !known);
            tables.found(identity, !known);
        }
        tables.makeFolders();
        mode = joinsRing ? "NORMAL" : "STARTING";
        running = true;
        ring.put(new Ring.Member(settings.address(), identity.hostId(), identity.tokens(), settings.datacenter(), settings.rack(), ProcessHandle.current().pid(), joinsRing));
    }

    synchronized void start() throws IOException, JMException {
        startTime = System.currentTimeMillis();
        beans = MBeanServerFactory.newMBeanServer();
        beans.registerMBean(new StorageService(this), new ObjectName(DOMAIN + "type=StorageService"));
        beans.registerMBean(new EndpointSnitchInfo(this), new ObjectName(DOMAIN + "type=EndpointSnitchInfo"));
        beans.registerMBean(new DynamicEndpointSnitch(), new ObjectName(DOMAIN + "type=DynamicEndpointSnitch"));
        beans.registerMBean(new StorageProxy(this), new ObjectName(DOMAIN + "type=StorageProxy"));
        beans.registerMBean(new StandardMBean(runtime(), RuntimeMXBean.class, true), new ObjectName(ManagementFactory.RUNTIME_MXBEAN_NAME));
        registerTables();
        RMIServerSocketFactory loopback = port -> new ServerSocket(port, 50, InetAddress.getByName("127.0.0.1"));
        RMIJRMPServerImpl server = new RMIJRMPServerImpl(settings.jmxPort(), null, loopback, Map.of());
        connector = new RMIConnectorServer(new JMXServiceURL("service:jmx:rmi://127.0.0.1:" + settings.jmxPort()), Map.of(), server, beans);
        connector.start();
        registry = LocateRegistry.createRegistry(settings.jmxPort(), null, loopback);
        registry.rebind("jmxrmi", server.toStub());
    }

    /** Every table has an MBean of its own, as queries for the tables of a keyspace expect. */
    void registerTables() throws JMException {
        for (Table table : tables.all()) {
            ObjectName name = new ObjectName(DOMAIN + "type=Tables,keyspace=" + table.keyspace() + ",table=" + table.name());
            if (!beans.isRegistered(name)) beans.registerMBean(new Tables(table), name);
        }
    }

    /** The JVM's own, with what Cassandra would have been started with. */
    private RuntimeMXBean runtime() {
        RuntimeMXBean own = ManagementFactory.getRuntimeMXBean();
        Map<String, String> properties = new HashMap<>(own.getSystemProperties());
        properties.put("cassandra.config", "file://" + settings.home().resolve("conf/cassandra.yaml"));
        properties.put("cassandra.storagedir", settings.home().toString());
        properties.put("cassandra.jmx.local.port", Integer.toString(settings.jmxPort()));
        return (RuntimeMXBean) Proxy.newProxyInstance(SimulatedNode.class.getClassLoader(), new Class<?>[] {RuntimeMXBean.class}, (proxy, method, arguments) ->
                switch (method.getName()) {
                    case "getSystemProperties" -> properties;
                    case "getClassPath" -> settings.home().resolve("conf").toString();
                    case "getStartTime" -> startTime;
                    case "getUptime" -> System.currentTimeMillis() - startTime;
                    default -> method.invoke(own, arguments);
                });
    }

    synchronized void stop() throws IOException {
        if (!running) return;
        leave();
        connector.stop();
        UnicastRemoteObject.unexportObject(registry, true);
    }

    /** Known to the others, but down. */
    void leave() {
        running = false;
        try {
            Ring.Member self = ring.members().get(settings.address());
            if (self != null) ring.put(self.down());
        } catch (IOException gone) {
            // The test bed's folder may have been removed already.
        }
    }
}
