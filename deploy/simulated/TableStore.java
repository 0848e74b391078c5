import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Stream;

/** The tables and SSTables of one node, in its data folders. The schema, which Cassandra would gossip, lies in {@code BED/schema}. */
final class TableStore {
    private static final Table LOCAL = new Table("system", "local", "7ad54392bcdd35a684174e047860b377", "");
    private final NodeSettings settings;
    private final Path schema;
    volatile String schemaVersion;

    TableStore(NodeSettings settings) {
        this.settings = settings;
        this.schema = settings.bed().resolve("schema");
    }

    List<Path> dataFolders() {
        return settings.dataFolders();
    }

    /** Every table, by folder name. */
    List<Table> all() {
        List<Table> tables = new ArrayList<>();
        try (Stream<Path> files = Files.list(schema)) {
            for (Path file : files.sorted().toList()) {
                String name = file.getFileName().toString();
                int dot = name.indexOf('.'), dash = name.lastIndexOf('-');
                if (dot > 0) tables.add(new Table(name.substring(0, dot), name.substring(dot + 1, dash), name.substring(dash + 1), Files.readString(file)));
            }
        } catch (IOException gone) {
            throw new IllegalStateException("the simulated schema is gone: " + gone);
        }
        return tables;
    }

    List<String> keyspaces() {
        return List.copyOf(new TreeSet<>(all().stream().map(Table::keyspace).toList()));
    }

    String schemaVersion() {
        if (schemaVersion != null) return schemaVersion;
        return UUID.nameUUIDFromBytes(all().stream().map(Table::folder).toList().toString().getBytes()).toString();
    }

    /** What the newest SSTable of system.local says; null when there is none. */
    Identity identity() throws IOException {
        Path newest = null;
        int generation = 0;
        for (Path folder : dataFolders()) {
            for (Path data : SSTable.dataFiles(folder.resolve(LOCAL.folder()))) {
                if (SSTable.generation(data) >= generation) {
                    generation = SSTable.generation(data);
                    newest = data;
                }
            }
        }
        return newest == null ? null : Identity.parse(Files.readString(newest, java.nio.charset.StandardCharsets.ISO_8859_1));
    }

    /** A node without data writes its identity; the very first time it also gets SSTables to back up. */
    void found(Identity identity, boolean withData) throws IOException {
        Files.createDirectories(schema);
        put(LOCAL);
        add(LOCAL, "", identity.text().getBytes());
        if (!withData) return;
        for (Table table : initialTables()) {
            put(table);
            if (table.name().equals("empty")) continue;
            for (int i = 0; i < (settings.large() ? 1 : 3); i++) fill(table);
        }
    }

    private List<Table> initialTables() {
        String cluster = settings.clusterName();
        Table orders = Table.user(cluster, "shop", "orders", 864000, "    id int PRIMARY KEY,\n    customer text,\n    ship frozen<address>",
                "CREATE TYPE IF NOT EXISTS shop.address (\n    street text,\n    city text\n);\n", "CREATE INDEX IF NOT EXISTS orders_customer ON shop.orders (customer);\n");
        if (settings.large()) return List.of(Table.system("system_schema", "tables"), orders);
        return List.of(
                Table.system("system", "peers_v2"), Table.system("system_schema", "keyspaces"), Table.system("system_schema", "tables"),
                Table.system("system_schema", "columns"), Table.system("system_auth", "roles"), orders,
                Table.user(cluster, "shop", "events", 3600, "    day date,\n    at timeuuid,\n    what text,\n    PRIMARY KEY (day, at)", "", ""),
                Table.user(cluster, "shop", "empty", 864000, "    id int PRIMARY KEY", "", ""),
                Table.user(cluster, "MixedCase", "TableOne", 864000, "    \"Id\" int PRIMARY KEY,\n    \"Value\" text", "", ""));
    }

    /** {@code count} more SSTables of KEYSPACE.TABLE, as flushes would leave. */
    synchronized void write(String name, int count) throws IOException {
        Table table = all().stream().filter(each -> (each.keyspace() + "." + each.name()).equals(name)).findFirst().orElseThrow(() -> new IOException("no table " + name));
        for (int i = 0; i < count; i++) fill(table);
    }

    void create(String name) throws IOException {
        String[] parts = name.split("\\.", 2);
        put(Table.user(settings.clusterName(), parts[0], parts[1], 864000, "    id int PRIMARY KEY,\n    value text", "", ""));
    }

    private void put(Table table) throws IOException {
        Path fresh = Files.createTempFile(schema, "", "");
        Files.writeString(fresh, table.schema());
        Files.move(fresh, schema.resolve(table.folder().replace('/', '.')), StandardCopyOption.ATOMIC_MOVE);
    }

    /** Makes the folders of tables that a node lacks, as Cassandra does at start. */
    void makeFolders() throws IOException {
        for (Table table : all()) for (Path folder : dataFolders()) Files.createDirectories(folder.resolve(table.folder()));
    }

    private void fill(Table table) throws IOException {
        int generation = nextGeneration(table);
        Random random = new Random((settings.address() + table.folder() + generation).hashCode());
        byte[] rows = new byte[settings.large() ? 512 : 4096 + random.nextInt(table.isSystem() ? 8192 : 200_000)];
        random.nextBytes(rows);
        add(table, "", rows);
        for (String index : table.indexFolders()) add(table, index, java.util.Arrays.copyOf(rows, rows.length / 4));
    }

    private void add(Table table, String index, byte[] data) throws IOException {
        int generation = index.isEmpty() ? nextGeneration(table) : nextGeneration(table) - 1;
        Path folder = dataFolders().get(generation % dataFolders().size()).resolve(table.folder()).resolve(index);
        Files.createDirectories(folder);
        SSTable.write(folder, generation, data);
    }

    private int nextGeneration(Table table) throws IOException {
        int last = 0;
        for (Path folder : dataFolders()) for (Path data : SSTable.dataFiles(folder.resolve(table.folder()))) last = Math.max(last, SSTable.generation(data));
        return last + 1;
    }
}
