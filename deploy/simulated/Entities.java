import java.util.ArrayList;
import java.util.List;

/** Names that callers give, and the replication that keyspaces have here. */
final class Entities {
    private Entities() {}

    static void requireKeyspace(TableStore tables, String keyspace) {
        if (!tables.keyspaces().contains(keyspace)) throw new IllegalArgumentException("Keyspace " + keyspace + " does not exist");
    }

    /** All keyspaces or all tables, never mixed; none means every table. */
    static List<Table> tables(TableStore store, String... entities) {
        List<Table> all = store.all();
        if (entities == null || entities.length == 0) return all;
        List<Table> chosen = new ArrayList<>();
        for (String entity : entities) {
            String[] parts = entity.split("\\.", 2);
            requireKeyspace(store, parts[0]);
            List<Table> matching = all.stream().filter(table -> table.keyspace().equals(parts[0]) && (parts.length == 1 || table.name().equals(parts[1]))).toList();
            if (matching.isEmpty()) throw new IllegalArgumentException("Unknown keyspace/cf pair (" + entity + ")");
            chosen.addAll(matching);
        }
        return chosen;
    }

    static String replication(String keyspace) {
        return switch (keyspace) {
            case "system", "system_schema" -> "org.apache.cassandra.locator.LocalStrategy {}";
            case "system_auth" -> "org.apache.cassandra.locator.SimpleStrategy {replication_factor=1}";
            default -> "org.apache.cassandra.locator.NetworkTopologyStrategy {dc1=3}";
        };
    }

    static int replicas(String keyspace, int nodes) {
        return keyspace.startsWith("system") ? 1 : Math.min(3, nodes);
    }
}
