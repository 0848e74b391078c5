import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Who owns what: the replicas of a range are the next different nodes on the ring. */
final class TokenRing {
    private final TreeMap<Long, Ring.Member> owners = new TreeMap<>();

    TokenRing(Collection<Ring.Member> members) {
        for (Ring.Member member : members) for (String token : member.tokens()) owners.put(Long.parseLong(token), member);
    }

    Map<Long, Ring.Member> owners() {
        return owners;
    }

    private List<Ring.Member> replicas(long token, int count) {
        Set<Ring.Member> chosen = new LinkedHashSet<>(owners.tailMap(token).values());
        chosen.addAll(owners.values());
        return chosen.stream().limit(count).toList();
    }

    private interface Range {
        void accept(long start, long end, List<Ring.Member> replicas);
    }

    private void each(int count, Range range) {
        long start = owners.lastKey();
        for (long end : owners.keySet()) {
            range.accept(start, end, replicas(end, count));
            start = end;
        }
    }

    List<String> describe(int count, int port) {
        List<String> texts = new ArrayList<>();
        each(count, (start, end, replicas) -> {
            String endpoints = String.join(", ", replicas.stream().map(member -> member.address() + ":" + port).toList());
            String details = String.join(", ", replicas.stream()
                    .map(member -> "EndpointDetails(host:" + member.address() + ":" + port + ", datacenter:" + member.datacenter() + ", rack:" + member.rack() + ")").toList());
            texts.add("TokenRange(start_token:" + start + ", end_token:" + end + ", endpoints:[" + endpoints + "], rpc_endpoints:[" + endpoints
                    + "], endpoint_details:[" + details + "])");
        });
        return texts;
    }

    Map<List<String>, List<String>> ranges(int count, int port) {
        Map<List<String>, List<String>> ranges = new LinkedHashMap<>();
        each(count, (start, end, replicas) -> ranges.put(
                new ArrayList<>(List.of(Long.toString(start), Long.toString(end))), new ArrayList<>(replicas.stream().map(member -> member.address() + ":" + port).toList())));
        return ranges;
    }
}
