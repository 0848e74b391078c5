import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import javax.management.Notification;

/** Repairs that do nothing but take their time and tell of it. "slow repair MS" and "fail repair MESSAGE" act here. */
final class Repairs {
    private static final int STEPS = 4, START = 0, PROGRESS = 1, ERROR = 2, SUCCESS = 4, COMPLETE = 5;
    private final SimulatedNode node;
    private final StorageService service;
    private final AtomicInteger numbers = new AtomicInteger();
    private final AtomicLong sequence = new AtomicLong();
    private final Map<Integer, List<String>> states = new ConcurrentHashMap<>();

    Repairs(SimulatedNode node, StorageService service) {
        this.node = node;
        this.service = service;
    }

    int start(String keyspace) {
        int number = numbers.incrementAndGet();
        states.put(number, List.of("IN_PROGRESS"));
        Thread thread = new Thread(() -> run(number, keyspace), "repair " + number);
        thread.setDaemon(true);
        thread.start();
        return number;
    }

    /** Null when there is no such repair. */
    List<String> status(int number) {
        List<String> state = states.get(number);
        return state == null ? null : new ArrayList<>(state);
    }

    private void run(int number, String keyspace) {
        String name = "simulated repair of keyspace " + keyspace;
        tell(number, START, 0, "Starting " + name);
        try {
            for (int step = 1; step <= STEPS; step++) {
                Thread.sleep(30);
                node.faults.before("repair");
                tell(number, PROGRESS, step, name + ": " + step + " of " + STEPS);
            }
            states.put(number, List.of("COMPLETED", name + " completed"));
            tell(number, SUCCESS, STEPS, name + " completed successfully");
        } catch (IOException | InterruptedException failure) {
            states.put(number, List.of("FAILED", failure.getMessage()));
            tell(number, ERROR, STEPS, failure.getMessage());
        }
        tell(number, COMPLETE, STEPS, name + " finished");
    }

    private void tell(int number, int type, int done, String message) {
        Notification notification = new Notification("progress", "repair:" + number, sequence.incrementAndGet(), System.currentTimeMillis(), message);
        notification.setUserData(new HashMap<>(Map.of("type", type, "progressCount", done, "total", STEPS)));
        service.sendNotification(notification);
    }
}
