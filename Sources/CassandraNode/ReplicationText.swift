import BackupModel

/// A keyspace's replication as `getKeyspaceReplicationInfo` writes it: `NetworkTopologyStrategy {dc1=3, dc2=2}` (the same on 4.0, 4.1 and 5.0).
enum ReplicationText {
    static func parse(_ text: String) throws(NodeError) -> Replication {
        guard let brace = text.firstIndex(of: "{"), text.last == "}" else { throw .unexpectedAnswer("replication \(quoted(text))") }
        var replication = ["class": shortClassName(text[..<brace].filter { $0 != " " })]
        for option in text[text.index(after: brace)...].dropLast().split(separator: ",") {
            guard let equals = option.firstIndex(of: "=") else { throw .unexpectedAnswer("replication \(quoted(text))") }
            replication[String(option[..<equals].drop { $0 == " " })] = String(option[option.index(after: equals)...])
        }
        return replication
    }
}

/// `GossipingPropertyFileSnitch` of `org.apache.cassandra.locator.GossipingPropertyFileSnitch`.
func shortClassName(_ name: String) -> String { name.split(separator: ".").last.map(String.init) ?? name }
