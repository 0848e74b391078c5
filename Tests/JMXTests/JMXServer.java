import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.Vector;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.lang.management.ManagementFactory;
import javax.management.Notification;
import javax.management.NotificationBroadcasterSupport;
import javax.management.ObjectName;
import javax.management.StandardEmitterMBean;

/** A JVM with one MBean for the tests of JMX. The JVM's own agent serves it; it ends when its input does. */
public class JMXServer {
    public interface ProbeMBean {
        String getText();
        String getLongText();
        String getNothing();
        Object[] getNumbers();
        boolean isTrue();
        byte[] getBytes();
        int[] getInts();
        List<Object> getLists();
        List<Object> getMaps();
        UUID getIdentifier();
        InetAddress getAddress();
        TimeUnit getUnit();
        ObjectName getName();
        Object getUnknown();
        int getLevel();
        void setLevel(int level);
        String getFailing();
        String describe(String text, Map<String, String> map, Set<String> set, String[] array, boolean flag, int number, long large);
        void fail(String message);
        void sleep(long milliseconds) throws InterruptedException;
        String big(int length);
        void announce(String message, int progress);
    }

    public static class Point implements java.io.Serializable {
        public int x = 3;
        public Object self = this;
        public String label = "p";
    }

    public static class Probe implements ProbeMBean {
        final NotificationBroadcasterSupport broadcaster = new NotificationBroadcasterSupport();
        private int level = 1;
        private long sequence;

        public String getText() { return "plain, \u00fc, \u4e2d, \ud83d\ude80, \0 end"; }
        public String getLongText() { return "x".repeat(100_000); }
        public String getNothing() { return null; }
        public Object[] getNumbers() { return new Object[] {(byte) -1, (short) -2, -3, -4L, 1.5f, 2.5, 'c', true}; }
        public boolean isTrue() { return true; }
        public byte[] getBytes() { return new byte[] {0, 1, -1}; }
        public int[] getInts() { return new int[] {1, -2}; }

        public List<Object> getLists() {
            List<String> ab = List.of("a", "b");
            List<Object> all = new ArrayList<>(Arrays.asList(
                ab, Arrays.asList("a", "b"), new LinkedList<>(ab), new ArrayDeque<>(ab), new Vector<>(ab), new LinkedHashSet<>(ab), new TreeSet<>(ab),
                Collections.unmodifiableList(new ArrayList<>(ab)), Collections.synchronizedList(new ArrayList<>(ab)), new String[] {"a", "b"}));
            all.add(Collections.emptyList());
            all.add(Collections.singletonList("a"));
            return all;
        }

        public List<Object> getMaps() {
            Map<String, String> one = new LinkedHashMap<>();
            one.put("k", "v");
            return new ArrayList<>(List.of(
                one, new HashMap<>(one), new TreeMap<>(one), new ConcurrentHashMap<>(one), Map.of("k", "v"), Collections.unmodifiableMap(one),
                Collections.singletonMap("k", "v"), new java.util.Hashtable<>(one)));
        }

        public UUID getIdentifier() { return new UUID(0x0011223344556677L, 0x8899aabbccddeeffL); }
        public InetAddress getAddress() {
            try { return InetAddress.getByAddress(new byte[] {10, 0, (byte) 200, 7}); } catch (java.net.UnknownHostException e) { throw new AssertionError(e); }
        }
        public TimeUnit getUnit() { return TimeUnit.DAYS; }
        public ObjectName getName() { return name(); }
        public Object getUnknown() { return new Point(); }
        public int getLevel() { return level; }
        public void setLevel(int level) { this.level = level; }
        public String getFailing() { throw new IllegalStateException("not today"); }
        public String describe(String text, Map<String, String> map, Set<String> set, String[] array, boolean flag, int number, long large) {
            return text + " " + new TreeMap<>(map) + " " + new TreeSet<>(set) + " " + Arrays.toString(array) + " " + flag + " " + number + " " + large;
        }
        public void fail(String message) { throw new IllegalArgumentException("outer", new IllegalStateException(message)); }
        public void sleep(long milliseconds) throws InterruptedException { Thread.sleep(milliseconds); }
        public String big(int length) { return "y".repeat(length); }
        public void announce(String message, int progress) {
            Notification notification = new Notification("progress", "repair:7", ++sequence, message);
            notification.setUserData(new HashMap<>(Map.of("type", 1, "progressCount", progress, "total", 10)));
            broadcaster.sendNotification(notification);
        }
    }

    static ObjectName name() {
        try { return new ObjectName("test:type=Probe"); } catch (Exception e) { throw new AssertionError(e); }
    }

    public static void main(String[] arguments) throws Exception {
        Probe probe = new Probe();
        ManagementFactory.getPlatformMBeanServer().registerMBean(new StandardEmitterMBean(probe, ProbeMBean.class, probe.broadcaster), name());
        System.out.println("ready");
        while (System.in.read() >= 0) { }
        System.exit(0);
    }
}
