package import BackupModel
import SQLite

extension Catalog {
    /// Records what nodes told about themselves and how the ring looked.
    ///
    /// A member of the ring that did not answer keeps the facts of its last answer. A topology is added only when release, schema version or ring differ from
    /// the latest one; a node that is merely down does not make it differ.
    package func recordTopology(_ cluster: ClusterID, facts: [NodeFacts], ring: [RingMember], at time: Timestamp) throws(CatalogError) {
        try write { db in try db.recordTopology(cluster, facts: facts, ring: ring, at: time) }
    }

    /// Every node that has ever answered, by address; those that have left the ring are not `present`.
    package func nodes(of cluster: ClusterID) throws(CatalogError) -> [NodeRecord] {
        try read { db in try db.rows("SELECT * FROM node WHERE cluster_id = ? ORDER BY address, host_id", cluster, read: NodeRecord.init) }
    }

    package func latestTopology(of cluster: ClusterID) throws(CatalogError) -> TopologyRecord? {
        try read { db in try db.latestTopology(of: cluster) }
    }

    /// Newest first.
    package func topologies(of cluster: ClusterID) throws(CatalogError) -> [TopologyRecord] {
        try read { db in try db.rows("SELECT * FROM topology WHERE cluster_id = ? ORDER BY id DESC", cluster, read: TopologyRecord.init) }
    }
}

extension Connection {
    func recordTopology(_ cluster: ClusterID, facts: [NodeFacts], ring: [RingMember], at time: Timestamp) throws {
        for node in facts { try record(node, of: cluster, at: time) }
        if !ring.isEmpty {
            try execute("UPDATE node SET present = 0 WHERE cluster_id = ?", cluster)
            for member in ring { try record(member, of: cluster) }
        }
        try addTopology(cluster, facts: facts, ring: ring.sorted { $0.address < $1.address }, at: time)
    }

    func latestTopology(of cluster: ClusterID) throws -> TopologyRecord? {
        try row("SELECT * FROM topology WHERE cluster_id = ? ORDER BY id DESC LIMIT 1", cluster, read: TopologyRecord.init)
    }

    private func record(_ node: NodeFacts, of cluster: ClusterID, at time: Timestamp) throws {
        // The ring stands once in `topology`: of a thousand nodes, a thousand copies of it would be most of the catalogue.
        var alone = node
        alone.ring = []
        alone.members = nil
        try execute(
            """
            INSERT INTO node (cluster_id, host_id, address, datacenter, rack, tokens, facts, seen_at, present) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)
            ON CONFLICT DO UPDATE SET address = excluded.address, datacenter = excluded.datacenter, rack = excluded.rack, tokens = excluded.tokens,
                facts = excluded.facts, seen_at = excluded.seen_at, present = 1
            """, cluster, node.hostID, node.address, node.datacenter, node.rack, json(node.tokens), json(alone), time)
    }

    private func record(_ member: RingMember, of cluster: ClusterID) throws {
        guard let host = member.hostID else { return }
        try execute(
            "UPDATE node SET address = ?, datacenter = ?, rack = ?, tokens = ?, present = 1 WHERE cluster_id = ? AND host_id = ?",
            member.address, member.datacenter, member.rack, json(member.tokens), cluster, host)
    }

    private func addTopology(_ cluster: ClusterID, facts: [NodeFacts], ring: [RingMember], at time: Timestamp) throws {
        let latest = try latestTopology(of: cluster)
        let release = facts.isEmpty ? latest?.release ?? "" : Set(facts.map(\.release)).sorted().joined(separator: ", ")
        let schema = facts.isEmpty ? latest?.schemaVersion ?? "" : Set(facts.map(\.schemaVersion)).sorted().joined(separator: ", ")
        if let latest, latest.release == release, latest.schemaVersion == schema, latest.ring.map(\.lasting) == ring.map(\.lasting) { return }
        try execute(
            "INSERT INTO topology (cluster_id, seen_at, release, schema_version, ring) VALUES (?, ?, ?, ?, ?)", cluster, time, release, schema, json(ring))
    }
}

extension RingMember {
    /// Itself without what comes and goes.
    fileprivate var lasting: RingMember {
        var copy = self
        copy.up = true
        copy.tokens.sort()
        return copy
    }
}

extension NodeRecord {
    fileprivate init(_ row: Row) throws {
        self.init(
            clusterID: try row["cluster_id"], hostID: try row["host_id"], address: try row["address"], datacenter: try row["datacenter"], rack: try row["rack"],
            tokens: try row.json("tokens"), facts: try row.json("facts"), seenAt: try row["seen_at"], present: try row["present"])
    }
}

extension TopologyRecord {
    fileprivate init(_ row: Row) throws {
        self.init(
            id: try row["id"], clusterID: try row["cluster_id"], seenAt: try row["seen_at"], release: try row["release"],
            schemaVersion: try row["schema_version"], ring: try row.json("ring"))
    }
}
