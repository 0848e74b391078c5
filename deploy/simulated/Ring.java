import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Stream;

/** In place of gossip: a file for each node that ever was, written by itself, and a file ADDRESS.down where the others are to believe it down. */
final class Ring {
    record Member(String address, String hostId, List<String> tokens, String datacenter, String rack, long pid, boolean up) {
        Member down() {
            return new Member(address, hostId, tokens, datacenter, rack, pid, false);
        }
    }

    /** {@code fresh} is until when it may be given out, in nanoseconds of the JVM's clock. */
    private record View(long fresh, Map<String, Member> members) {}

    private static final long FRESH_NANOSECONDS = 100_000_000;
    /** Reading takes at most this part of the time: the files of a thousand nodes are no small reading. */
    private static final int READING_SHARE = 20;
    private static final Map<Path, View> VIEWS = new java.util.concurrent.ConcurrentHashMap<>();
    private final Path folder;

    Ring(Path folder) {
        this.folder = folder;
    }

    void put(Member member) throws IOException {
        Properties all = new Properties();
        all.setProperty("hostId", member.hostId());
        all.setProperty("tokens", String.join(",", member.tokens()));
        all.setProperty("datacenter", member.datacenter());
        all.setProperty("rack", member.rack());
        all.setProperty("pid", Long.toString(member.pid()));
        all.setProperty("up", Boolean.toString(member.up()));
        Path file = folder.resolve(member.address()), fresh = folder.resolve("." + member.address());
        try (var writer = Files.newBufferedWriter(fresh)) {
            all.store(writer, null);
        }
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        forget();
    }

    /** Waits for a reading that is under way, which may not have seen what changed. */
    private void forget() {
        synchronized (VIEWS) {
            VIEWS.remove(folder);
        }
    }

    boolean knows(String address) {
        return Files.exists(folder.resolve(address));
    }

    /** All nodes by address. The nodes of one process share one reading, at most a tenth of a second old where it takes little time. */
    Map<String, Member> members() throws IOException {
        View view = VIEWS.get(folder);
        if (isFresh(view)) return view.members();
        synchronized (VIEWS) {
            view = VIEWS.get(folder);
            if (!isFresh(view)) VIEWS.put(folder, view = read());
            return view.members();
        }
    }

    private static boolean isFresh(View view) {
        return view != null && System.nanoTime() - view.fresh() < 0;
    }

    List<Member> live() throws IOException {
        return members().values().stream().filter(Member::up).toList();
    }

    private View read() throws IOException {
        long began = System.nanoTime();
        Map<Long, Boolean> alive = new HashMap<>();
        Map<String, Member> members = new TreeMap<>();
        List<Path> files = new ArrayList<>();
        try (Stream<Path> found = Files.list(folder)) {
            found.filter(path -> path.getFileName().toString().matches("[0-9.]+[0-9]")).forEach(files::add);
        }
        for (Path file : files) {
            Properties all = new Properties();
            try (Reader reader = Files.newBufferedReader(file)) {
                all.load(reader);
            }
            String address = file.getFileName().toString();
            long pid = Long.parseLong(all.getProperty("pid"));
            boolean up = Boolean.parseBoolean(all.getProperty("up")) && alive.computeIfAbsent(pid, Ring::isAlive) && !Files.exists(folder.resolve(address + ".down"));
            List<String> tokens = List.of(all.getProperty("tokens").split(","));
            members.put(address, new Member(address, all.getProperty("hostId"), tokens, all.getProperty("datacenter"), all.getProperty("rack"), pid, up));
        }
        long now = System.nanoTime();
        return new View(now + Math.max(FRESH_NANOSECONDS, READING_SHARE * (now - began)), members);
    }

    /** A process that was killed and that nobody has waited for yet counts as gone. */
    private static boolean isAlive(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
            return "ZX".indexOf(stat.charAt(stat.lastIndexOf(')') + 2)) < 0;
        } catch (IOException gone) {
            return false;
        }
    }

    void believeDown(String address, boolean down) throws IOException {
        Path mark = folder.resolve(address + ".down");
        if (down) Files.writeString(mark, "");
        else Files.deleteIfExists(mark);
        forget();
    }
}
