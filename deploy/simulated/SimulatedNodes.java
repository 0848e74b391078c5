import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Simulated Cassandra nodes: the JDK's own JMX server with Cassandra's MBeans over a real data folder, without Cassandra.
 *
 * <p>{@code java SimulatedNodes FOLDER/nodeN} runs one node, {@code java SimulatedNodes FOLDER} all of them in one process. A node is described
 * by its {@code simulated.properties}; what nodes know of each other lies in {@code FOLDER/ring}. Commands come as lines over a loopback port,
 * whose number is written to {@code control.port} in the folder given (see {@link Control}).
 */
public final class SimulatedNodes {
    private SimulatedNodes() {}

    public static void main(String[] arguments) throws Exception {
        System.setProperty("java.rmi.server.hostname", "127.0.0.1"); // one host for all stubs: nodes differ by port
        Path folder = Path.of(arguments[0]);
        Map<String, SimulatedNode> nodes = new TreeMap<>();
        try (Stream<Path> found = Files.exists(folder.resolve("simulated.properties")) ? Stream.of(folder) : Files.list(folder)) {
            for (Path home : found.filter(path -> Files.exists(path.resolve("simulated.properties"))).toList()) {
                SimulatedNode node = new SimulatedNode(NodeSettings.read(home.resolve("simulated.properties")));
                nodes.put(node.settings.address(), node);
            }
        }
        // All are known to the ring before any of them looks at it, as nodes that gossip would be.
        for (SimulatedNode node : nodes.values()) node.announce();
        for (SimulatedNode node : nodes.values()) node.start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> nodes.values().forEach(SimulatedNode::leave)));
        System.out.println(nodes.size() + " simulated node(s) up");
        serve(folder, new Control(nodes));
    }

    private static void serve(Path folder, Control control) throws IOException {
        try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"))) {
            Path port = folder.resolve("control.port.new");
            Files.writeString(port, Integer.toString(server.getLocalPort()));
            Files.move(port, folder.resolve("control.port"), java.nio.file.StandardCopyOption.ATOMIC_MOVE);
            while (true) {
                try (Socket socket = server.accept()) {
                    BufferedReader lines = new BufferedReader(new InputStreamReader(socket.getInputStream()));
                    PrintWriter answer = new PrintWriter(socket.getOutputStream(), true);
                    answer.println(control.carryOut(lines.readLine()));
                } catch (IOException gone) {
                    System.err.println("control: " + gone);
                }
            }
        }
    }
}
