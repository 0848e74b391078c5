import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.management.openmbean.CompositeDataSupport;
import javax.management.openmbean.CompositeType;
import javax.management.openmbean.OpenDataException;
import javax.management.openmbean.OpenType;
import javax.management.openmbean.SimpleType;
import javax.management.openmbean.TabularData;
import javax.management.openmbean.TabularDataSupport;
import javax.management.openmbean.TabularType;

/** The list of snapshots by tag, a row for each table, in Cassandra's columns. */
final class SnapshotDetails {
    private static final String[] COLUMNS =
            {"Snapshot name", "Keyspace name", "Column family name", "True size", "Size on disk", "Creation time", "Expiration time", "Ephemeral"};

    private SnapshotDetails() {}

    static Map<String, TabularData> of(Snapshots snapshots, List<Table> tables) throws IOException {
        try {
            OpenType<?>[] types = new OpenType<?>[COLUMNS.length];
            java.util.Arrays.fill(types, SimpleType.STRING);
            CompositeType row = new CompositeType("SnapshotDetails", "SnapshotDetails", COLUMNS, COLUMNS, types);
            TabularType table = new TabularType("SnapshotDetails", "SnapshotDetails", row, COLUMNS);
            Map<String, TabularData> details = new LinkedHashMap<>();
            for (Table each : tables) {
                for (String tag : snapshots.tags(each)) {
                    String size = snapshots.size(tag, each) + " bytes";
                    Object[] values = {tag, each.keyspace(), each.name(), "0 bytes", size, "", "", "false"};
                    details.computeIfAbsent(tag, name -> new TabularDataSupport(table)).put(new CompositeDataSupport(row, COLUMNS, values));
                }
            }
            return details;
        } catch (OpenDataException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
