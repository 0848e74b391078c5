import BackupModel
import ControlAPI

enum ClusterText {
    static func list(_ clusters: [ClusterBody]) -> String {
        guard !clusters.isEmpty else { return "no cluster is registered: see 'aeneas cluster add --help'\n" }
        return TextTable(
            ["NAME", "CASSANDRA", "RELEASE", "NODES", "STORE", "SEEN"],
            clusters.map { [$0.name.rawValue, $0.cassandraName, $0.release, "\($0.nodes.count)", $0.store?.rawValue ?? "-", $0.seen.text] }, rightAligned: [3]
        ).text
    }

    static func one(_ cluster: ClusterBody) -> String {
        let facts: [[String]] = [
            ["id", cluster.id.rawValue], ["Cassandra's name", cluster.cassandraName], ["release", cluster.release], ["partitioner", cluster.partitioner], ["snitch", cluster.snitch],
            ["schema version", cluster.schemaVersion], ["store", cluster.store?.rawValue ?? "none: name one with each backup"],
            ["application", cluster.application?.rawValue ?? "none: backups cannot be consistent"], ["backups", cluster.consistent ? "consistent unless they say --plain" : "plain unless they say --consistent"],
        ]
        let commands: [[String]] = cluster.windowCommands.map { ["in the window", "\($0.name): \($0.words.joined(separator: " "))"] }
        let times: [[String]] = [["registered", cluster.registered.text], ["seen", cluster.seen.text]]
        return "cluster '\(cluster.name)'\n\(TextTable([], facts + commands + times, indent: 2).text)\n\(nodes(cluster.nodes))\n\(keyspaces(cluster.keyspaces))"
    }

    private static func nodes(_ nodes: [NodeBody]) -> String {
        TextTable(
            ["ADDRESS", "DATACENTER", "RACK", "RELEASE", "TOKENS", "HOST ID", "DATA FOLDERS"],
            nodes.map { [$0.address, $0.datacenter, $0.rack, $0.release, "\($0.tokens.count)", $0.hostID.rawValue, $0.folders.data.joined(separator: ", ")] }, rightAligned: [4]
        ).text
    }

    private static func keyspaces(_ keyspaces: [String: Replication]) -> String {
        TextTable(["KEYSPACE", "REPLICATION"], keyspaces.sorted { $0.key < $1.key }.map { [$0.key, replication($0.value)] }).text
    }

    /// `NetworkTopologyStrategy dc1=3 dc2=2`.
    private static func replication(_ replication: Replication) -> String {
        let strategy = replication["class"]?.split(separator: ".").last.map(String.init) ?? "?"
        return ([strategy] + replication.filter { $0.key != "class" }.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }).joined(separator: " ")
    }

    static func key(_ key: HostKeyBody) -> String {
        let told: String =
            switch key.trust {
            case "pinned": "pinned"
            case "changed": "CHANGED: pinned is \(key.pinned.joined(separator: ", "))"
            default: "not known yet"
            }
        return "\(key.address) port \(key.port): \(key.algorithm) \(key.fingerprint), \(told)\n".plainLines
    }
}

extension String {
    /// `plain`, with its line ends kept.
    var plainLines: String { split(separator: "\n", omittingEmptySubsequences: false).map { String($0).plain }.joined(separator: "\n") }
}
