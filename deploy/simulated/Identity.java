import java.util.List;
import java.util.UUID;

/** What system.local keeps: it goes where the folder goes. */
record Identity(String hostId, List<String> tokens) {
    /** @param first whether this node never was: then its host id follows from its address, so that test beds are alike. */
    static Identity fresh(NodeSettings settings, boolean first) {
        UUID id = first ? UUID.nameUUIDFromBytes((settings.clusterName() + settings.address()).getBytes()) : UUID.randomUUID();
        return new Identity(id.toString(), settings.tokens());
    }

    String text() {
        return "host_id=" + hostId + "\ntokens=" + String.join(",", tokens) + "\n\n";
    }

    static Identity parse(String text) {
        String[] lines = text.split("\n", 3);
        return new Identity(lines[0].substring("host_id=".length()), List.of(lines[1].substring("tokens=".length()).split(",")));
    }
}
