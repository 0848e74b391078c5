package import BackupModel
import SQLite

extension Catalog {
    /// Registers a cluster with the nodes that answered and the ring that they tell of, all or nothing.
    ///
    /// - Throws: `CatalogError.clusterNameTaken`; `.clusterKnown` when a host id among `facts` or `ring` belongs to a registered cluster (Cassandra's own
    ///   cluster names are often alike); `.unknown` when the settings name a store or an application that is not there.
    package func addCluster(_ cluster: ClusterRecord, facts: [NodeFacts] = [], ring: [RingMember] = []) throws(CatalogError) {
        try write { db in
            for host in Set(facts.map(\.hostID) + ring.compactMap(\.hostID)).sorted() {
                let known = try db.row(
                    "SELECT cluster.name FROM node JOIN cluster ON cluster.id = node.cluster_id WHERE node.host_id = ? AND node.present", host
                ) { row -> ClusterName in try row["name"] }
                if let known { throw CatalogError.clusterKnown(as: known) }
            }
            if try db.cluster(named: cluster.name) != nil { throw CatalogError.clusterNameTaken(cluster.name) }
            try db.checkReferences(of: cluster.settings)
            try db.execute(
                "INSERT INTO cluster (id, name, cassandra_name, partitioner, settings, created_at) VALUES (?, ?, ?, ?, ?, ?)",
                cluster.id, cluster.name, cluster.cassandraName, cluster.partitioner, json(cluster.settings), cluster.createdAt)
            if !facts.isEmpty { try db.recordTopology(cluster.id, facts: facts, ring: ring, at: cluster.createdAt) }
        }
    }

    /// - Parameter before: What they must be still; nil: whatever they are.
    /// - Returns: False, and nothing is changed, when they are not.
    /// - Throws: `CatalogError.unknown`, as above and when there is no such cluster.
    @discardableResult
    package func updateCluster(_ id: ClusterID, settings: ClusterSettings, from before: ClusterSettings? = nil) throws(CatalogError) -> Bool {
        try write { db in
            try db.checkReferences(of: settings)
            guard let cluster = try db.cluster(id: id) else { throw CatalogError.unknown(.cluster, id.rawValue) }
            if let before, cluster.settings != before { return false }
            try db.execute("UPDATE cluster SET settings = ? WHERE id = ?", json(settings), id)
            return true
        }
    }

    /// - Throws: `CatalogError.unknown`.
    package func cluster(named name: ClusterName) throws(CatalogError) -> ClusterRecord {
        guard let cluster = try read({ db in try db.cluster(named: name) }) else { throw .unknown(.cluster, name.rawValue) }
        return cluster
    }

    /// - Throws: `CatalogError.unknown`.
    package func cluster(id: ClusterID) throws(CatalogError) -> ClusterRecord {
        guard let cluster = try read({ db in try db.cluster(id: id) }) else { throw .unknown(.cluster, id.rawValue) }
        return cluster
    }

    /// By name.
    package func clusters() throws(CatalogError) -> [ClusterRecord] {
        try read { db in try db.clusters() }
    }
}

extension Connection {
    func cluster(id: ClusterID) throws -> ClusterRecord? { try row("SELECT * FROM cluster WHERE id = ?", id, read: ClusterRecord.init) }
    func clusters() throws -> [ClusterRecord] { try rows("SELECT * FROM cluster ORDER BY name", read: ClusterRecord.init) }
    fileprivate func cluster(named name: ClusterName) throws -> ClusterRecord? {
        try row("SELECT * FROM cluster WHERE name = ?", name, read: ClusterRecord.init)
    }

    fileprivate func checkReferences(of settings: ClusterSettings) throws {
        if let store = settings.store, try self.store(named: store) == nil { throw CatalogError.unknown(.store, store.rawValue) }
        if let application = settings.application, try self.application(named: application) == nil {
            throw CatalogError.unknown(.application, application.rawValue)
        }
    }
}

extension ClusterRecord {
    fileprivate init(_ row: Row) throws {
        self.init(
            id: try row["id"], name: try row["name"], cassandraName: try row["cassandra_name"], partitioner: try row["partitioner"],
            settings: try row.json("settings"),
            createdAt: try row["created_at"])
    }
}
