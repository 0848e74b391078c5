import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A table of the schema that all nodes share. {@code id} has 32 hexadecimal digits; {@code schema} is CQL, empty for Cassandra's own tables. */
record Table(String keyspace, String name, String id, String schema) {
    private static final Pattern INDEX = Pattern.compile("CREATE INDEX IF NOT EXISTS (\\w+) ON");

    String folder() {
        return keyspace + "/" + name + "-" + id;
    }

    boolean isSystem() {
        return keyspace.equals("system") || keyspace.startsWith("system_");
    }

    /** Folders of secondary indexes, below the table's: {@code .orders_customer}. */
    List<String> indexFolders() {
        List<String> folders = new ArrayList<>();
        for (Matcher matcher = INDEX.matcher(schema); matcher.find(); ) folders.add("." + matcher.group(1));
        return folders;
    }

    /** One of Cassandra's own: its id follows from its name in every cluster. */
    static Table system(String keyspace, String name) {
        return new Table(keyspace, name, hex(UUID.nameUUIDFromBytes((keyspace + name).getBytes(StandardCharsets.UTF_8))), "");
    }

    /** A user's, with an id that follows from cluster and name, so that the processes of one test bed agree. */
    static Table user(String cluster, String keyspace, String name, int gcGraceSeconds, String columns, String before, String after) {
        UUID id = UUID.nameUUIDFromBytes((cluster + keyspace + name).getBytes(StandardCharsets.UTF_8));
        String quoted = quote(keyspace) + "." + quote(name);
        String schema = before + "CREATE TABLE IF NOT EXISTS " + quoted + " (\n" + columns + "\n) WITH ID = " + id + """

                    AND additional_write_policy = '99p'
                    AND bloom_filter_fp_chance = 0.01
                    AND caching = {'keys': 'ALL', 'rows_per_partition': 'NONE'}
                    AND cdc = false
                    AND comment = 'simulated'
                    AND compaction = {'class': 'org.apache.cassandra.db.compaction.SizeTieredCompactionStrategy', 'max_threshold': '32', 'min_threshold': '4'}
                    AND compression = {'chunk_length_in_kb': '16', 'class': 'org.apache.cassandra.io.compress.LZ4Compressor'}
                    AND crc_check_chance = 1.0
                    AND default_time_to_live = 0
                    AND extensions = {}
                    AND gc_grace_seconds = %d
                    AND max_index_interval = 2048
                    AND memtable_flush_period_in_ms = 0
                    AND min_index_interval = 128
                    AND read_repair = 'BLOCKING'
                    AND speculative_retry = '99p';
                """.replaceAll("(?m)^ +AND", "    AND").formatted(gcGraceSeconds) + after;
        return new Table(keyspace, name, hex(id), schema);
    }

    private static String quote(String name) {
        return name.matches("[a-z][a-z0-9_]*") ? name : "\"" + name + "\"";
    }

    private static String hex(UUID id) {
        return id.toString().replace("-", "");
    }
}
