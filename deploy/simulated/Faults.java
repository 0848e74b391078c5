import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** What a node was told to do wrong, by the name of the operation. */
final class Faults {
    private final Map<String, String> messages = new ConcurrentHashMap<>();
    private final Map<String, Long> delays = new ConcurrentHashMap<>();
    private final Map<String, Boolean> deaths = new ConcurrentHashMap<>();

    void fail(String operation, String message) {
        messages.put(operation, message);
    }

    void slow(String operation, long milliseconds) {
        delays.put(operation, milliseconds);
    }

    void die(String operation) {
        deaths.put(operation, true);
    }

    void clear() {
        messages.clear();
        delays.clear();
        deaths.clear();
    }

    /** At the start of an operation: waits as told, then fails as told. */
    void before(String operation) throws IOException {
        try {
            Thread.sleep(delays.getOrDefault(operation, 0L));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        String message = messages.get(operation);
        if (message != null) throw new IOException(message);
    }

    /** In the middle of an operation: ends the process as SIGKILL would. */
    void during(String operation) {
        if (deaths.containsKey(operation)) Runtime.getRuntime().halt(137);
    }
}
