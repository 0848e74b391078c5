import BackupModel

enum RestoreTables {
    /// Per-replica state that must not be wound back while the other replicas go on: batches that were replayed since, promises of lightweight transactions, and a memory of
    /// peers that the ring teaches anew. (`system.local`, which is the node's identity, is of course put back.)
    static let leftOutForOneNode: [TablePath] = [
        "batches", "paxos", "paxos_repair_history", "peers", "peers_v2", "peer_events", "peer_events_v2", "available_ranges", "available_ranges_v2", "transferred_ranges",
        "transferred_ranges_v2", "size_estimates", "table_estimates"
    ].map { TablePath(keyspace: KeyspaceName(unchecked: "system"), table: TableName(unchecked: $0)) }

    /// Keyspaces that repair can work on, in order. Those with one replica are among them: Cassandra itself answers that there is nothing to do.
    static func replicated(_ keyspaces: [String: Replication]) -> [KeyspaceName] {
        keyspaces.filter { !($0.value["class"] ?? "").hasSuffix("LocalStrategy") && !($0.value["class"] ?? "").hasSuffix("MetaStrategy") }.keys.compactMap { KeyspaceName(rawValue: $0) }
            .filter { !$0.isLocalSystem && !["system_views", "system_virtual_schema"].contains($0.rawValue) }.sorted()
    }
}

/// How far a restore is on one node; each is recorded once it is reached.
enum RestoreStep: String, CaseIterable, Comparable {
    case planned, staged
    /// Recorded before the stop begins: from here on a node is no longer untouched.
    case stopping
    case stopped, placed, started, repaired

    private var order: Int { Self.allCases.firstIndex(of: self)! }
    static func < (left: RestoreStep, right: RestoreStep) -> Bool { left.order < right.order }

    static func words(_ kind: RestorePlan.Kind) -> [String] {
        switch kind {
        case .node:
            [
                "download and verify everything into a staging folder beside the data", "stop Cassandra on the node",
                "set the node's data, commit log, hints, saved caches and cdc aside by rename, and place the backup", "start Cassandra; wait until every node sees it UN with the same host id and tokens, and for one schema",
                "full repair of all its ranges in every replicated keyspace", "keep what was set aside until you drop it or roll back"
            ]
        case .cluster:
            [
                "download and verify everything on every node into staging folders beside the data", "stop Cassandra on every node",
                "set every node's data, commit log, hints, saved caches and cdc aside by rename, and place the backup", "start Cassandra, seeds first; wait until every node is UN with the same host id and tokens, and for one schema",
                "full repair of the primary ranges on each node in turn", "keep what was set aside until you drop it or roll back"
            ]
        }
    }
}
