import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.stream.Stream;

/** What the test bed laid down for one node. {@code bed} is the folder of the whole test bed; {@code large} asks for few files a node. */
record NodeSettings(
        Path bed, Path home, String clusterName, String release, String address, int storagePort, int jmxPort, String datacenter, String rack,
        List<String> tokens, List<Path> dataFolders, Path commitLog, Path hints, Path savedCaches, Path cdcRaw, boolean large) {

    static NodeSettings read(Path file) throws IOException {
        Properties all = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            all.load(reader);
        }
        Path home = file.getParent();
        return new NodeSettings(
                home.getParent(), home, all.getProperty("clusterName"), all.getProperty("release"), all.getProperty("address"),
                Integer.parseInt(all.getProperty("storagePort")), Integer.parseInt(all.getProperty("jmxPort")), all.getProperty("datacenter"),
                all.getProperty("rack"), List.of(all.getProperty("tokens").split(",")),
                Stream.of(all.getProperty("dataFolders").split("\n")).map(Path::of).toList(), Path.of(all.getProperty("commitLog")),
                Path.of(all.getProperty("hints")), Path.of(all.getProperty("savedCaches")), Path.of(all.getProperty("cdcRaw")),
                Boolean.parseBoolean(all.getProperty("large")));
    }

    String endpoint() {
        return address + ":" + storagePort;
    }
}
