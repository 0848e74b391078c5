import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import java.util.stream.Stream;

/** Files with an SSTable's names, shapes and check sum. Their rows mean nothing. */
final class SSTable {
    private static final int CHUNK = 16384;
    private static final List<String> COMPONENTS =
            List.of("CompressionInfo.db", "Data.db", "Digest.crc32", "Filter.db", "Index.db", "Statistics.db", "Summary.db", "TOC.txt");

    private SSTable() {}

    /** Data.db last, so that a reader never meets half an SSTable. */
    static void write(Path folder, int generation, byte[] data) throws IOException {
        CRC32 sum = new CRC32();
        sum.update(data);
        put(folder, generation, "TOC.txt", (String.join("\n", COMPONENTS) + "\n").getBytes());
        put(folder, generation, "Digest.crc32", Long.toString(sum.getValue()).getBytes());
        put(folder, generation, "CompressionInfo.db", compressionInfo(data.length));
        put(folder, generation, "Index.db", Arrays.copyOf(data, Math.max(24, data.length / 64)));
        put(folder, generation, "Filter.db", Arrays.copyOf(data, 24));
        put(folder, generation, "Summary.db", Arrays.copyOf(data, 92));
        put(folder, generation, "Statistics.db", ("simulated " + folder.getFileName() + " " + generation + " ").repeat(80).getBytes());
        put(folder, generation, "Data.db", data);
    }

    private static void put(Path folder, int generation, String component, byte[] bytes) throws IOException {
        Files.write(folder.resolve("nb-" + generation + "-big-" + component), bytes);
    }

    /** As Cassandra writes it: compressor, options, chunk length, longest compressed chunk, length of the rows, offsets. */
    private static byte[] compressionInfo(int length) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        int chunks = (length + CHUNK - 1) / CHUNK;
        out.writeUTF("LZ4Compressor");
        out.writeInt(0);
        out.writeInt(CHUNK);
        out.writeInt(Integer.MAX_VALUE);
        out.writeLong(length);
        out.writeInt(chunks);
        for (int i = 0; i < chunks; i++) out.writeLong((long) i * CHUNK);
        return bytes.toByteArray();
    }

    static List<Path> dataFiles(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) return List.of();
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(path -> path.getFileName().toString().endsWith("-Data.db")).sorted().toList();
        }
    }

    static int generation(Path data) {
        String[] parts = data.getFileName().toString().split("-");
        return parts[1].matches("\\d+") ? Integer.parseInt(parts[1]) : 0;
    }
}
