import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Snapshots as Cassandra lays them down: hard links beside the SSTables, manifest.json and schema.cql in one data folder of each table. */
final class Snapshots {
    private final TableStore tables;

    Snapshots(TableStore tables) {
        this.tables = tables;
    }

    boolean exists(String tag, List<Table> among) {
        return among.stream().anyMatch(table -> tables.dataFolders().stream().anyMatch(folder -> Files.exists(place(folder, table, tag))));
    }

    private static Path place(Path dataFolder, Table table, String tag) {
        return dataFolder.resolve(table.folder()).resolve("snapshots").resolve(tag);
    }

    void take(String tag, Table table) throws IOException {
        List<String> listed = new ArrayList<>();
        List<String> folders = new ArrayList<>(List.of(""));
        folders.addAll(table.indexFolders());
        Path first = null;
        for (Path dataFolder : tables.dataFolders()) {
            for (String sub : folders) {
                Path from = dataFolder.resolve(table.folder()).resolve(sub);
                if (SSTable.dataFiles(from).isEmpty()) continue;
                Path to = place(dataFolder, table, tag).resolve(sub);
                Files.createDirectories(to);
                link(from, to);
                for (Path data : SSTable.dataFiles(from)) listed.add((sub.isEmpty() ? "" : sub + "/") + data.getFileName());
                if (first == null) first = place(dataFolder, table, tag);
            }
        }
        if (first == null) first = place(tables.dataFolders().get(0), table, tag);
        Files.createDirectories(first);
        Files.writeString(first.resolve("manifest.json"), manifest(listed));
        if (!table.schema().isEmpty()) Files.writeString(first.resolve("schema.cql"), table.schema());
    }

    private static void link(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.filter(path -> path.getFileName().toString().contains("-big-")).toList()) Files.createLink(to.resolve(file.getFileName()), file);
        }
    }

    private static String manifest(List<String> files) {
        String list = files.isEmpty() ? "[ ]" : "[ \"" + String.join("\", \"", files) + "\" ]";
        String now = Instant.now().truncatedTo(ChronoUnit.MILLIS).toString();
        return "{\n  \"files\" : " + list + ",\n  \"created_at\" : \"" + now + "\",\n  \"expires_at\" : null,\n  \"ephemeral\" : false\n}";
    }

    /** The tags of a table, over all data folders. */
    Set<String> tags(Table table) throws IOException {
        Set<String> tags = new TreeSet<>();
        for (Path dataFolder : tables.dataFolders()) {
            Path folder = dataFolder.resolve(table.folder()).resolve("snapshots");
            if (!Files.isDirectory(folder)) continue;
            try (Stream<Path> found = Files.list(folder)) {
                found.forEach(path -> tags.add(path.getFileName().toString()));
            }
        }
        return tags;
    }

    /** The tag, or every one when it is empty, of one table. */
    void clear(String tag, Table table) throws IOException {
        for (String each : tag.isEmpty() ? tags(table) : Set.of(tag)) for (Path dataFolder : tables.dataFolders()) remove(place(dataFolder, table, each));
    }

    private static void remove(Path folder) throws IOException {
        if (!Files.exists(folder)) return;
        try (Stream<Path> inside = Files.walk(folder)) {
            for (Path path : inside.sorted(Comparator.reverseOrder()).toList()) Files.delete(path);
        }
    }

    long size(String tag, Table table) throws IOException {
        long size = 0;
        for (Path dataFolder : tables.dataFolders()) {
            Path folder = place(dataFolder, table, tag);
            if (!Files.exists(folder)) continue;
            try (Stream<Path> inside = Files.walk(folder)) {
                for (Path path : inside.filter(Files::isRegularFile).toList()) size += Files.size(path);
            }
        }
        return size;
    }
}
