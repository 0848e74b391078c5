import java.io.IOException;
import java.util.Arrays;
import java.util.Map;

/**
 * Commands of tests, one a line: ADDRESS, then
 * {@code fail OPERATION MESSAGE…}, {@code slow OPERATION MILLISECONDS}, {@code die OPERATION} (in its middle), {@code clear},
 * {@code mode MODE}, {@code down [ADDRESS]} and {@code up [ADDRESS]} (as the others see it), {@code schema VERSION},
 * {@code write KEYSPACE.TABLE SSTABLES}, {@code create KEYSPACE.TABLE}, {@code stop}, {@code start}, {@code ping}.
 */
final class Control {
    private final Map<String, SimulatedNode> nodes;

    Control(Map<String, SimulatedNode> nodes) {
        this.nodes = nodes;
    }

    String carryOut(String line) {
        if (line == null || line.isBlank()) return "error: nothing asked";
        String[] words = line.trim().split(" ");
        SimulatedNode node = nodes.get(words[0]);
        if (node == null) return "error: no simulated node " + words[0] + " here";
        if (words.length < 2) return "error: no command";
        try {
            return carryOut(node, words[1], Arrays.copyOfRange(words, 2, words.length));
        } catch (Exception failure) {
            return "error: " + failure;
        }
    }

    private String carryOut(SimulatedNode node, String command, String[] rest) throws Exception {
        String subject = rest.length > 0 ? rest[0] : node.settings.address();
        switch (command) {
            case "ping" -> {}
            case "fail" -> node.faults.fail(subject, String.join(" ", Arrays.copyOfRange(rest, 1, rest.length)));
            case "slow" -> node.faults.slow(subject, Long.parseLong(rest[1]));
            case "die" -> node.faults.die(subject);
            case "clear" -> node.faults.clear();
            case "mode" -> node.mode = subject;
            case "down" -> node.ring.believeDown(subject, true);
            case "up" -> node.ring.believeDown(subject, false);
            case "schema" -> node.tables.schemaVersion = subject;
            case "write" -> node.tables.write(subject, Integer.parseInt(rest[1]));
            case "create" -> create(node, subject);
            case "stop" -> node.stop();
            case "start" -> restart(node);
            default -> {
                return "error: unknown command " + command;
            }
        }
        return "ok";
    }

    private void create(SimulatedNode node, String name) throws Exception {
        node.tables.create(name);
        for (SimulatedNode each : nodes.values()) if (each.running) each.registerTables();
    }

    private void restart(SimulatedNode node) throws Exception {
        if (node.running) return;
        SimulatedNode fresh = new SimulatedNode(node.settings);
        fresh.announce();
        fresh.start();
        nodes.put(node.settings.address(), fresh);
    }
}
