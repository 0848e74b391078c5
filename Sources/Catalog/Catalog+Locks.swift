package import BackupModel
import SQLite

extension Catalog {
    /// Takes the cluster's lock for a run that has begun. The run that holds it already may take it again, which ends the older epoch.
    ///
    /// - Returns: The epoch, greater than any before it.
    /// - Throws: `CatalogError.locked`.
    package func acquireLock(_ cluster: ClusterID, run: RunID, at time: Timestamp) throws(CatalogError) -> Int {
        try write { db in try db.acquireLock(cluster, run: run, at: time) }
    }

    /// - Returns: Whether the run held it. Without a cluster there is none to hold.
    @discardableResult
    package func releaseLock(_ cluster: ClusterID?, run: RunID) throws(CatalogError) -> Bool {
        try write { db in try db.execute("UPDATE cluster_lock SET run_id = NULL, acquired_at = NULL WHERE cluster_id = ? AND run_id = ?", cluster, run) == 1 }
    }

    /// nil when it is free.
    package func lock(of cluster: ClusterID) throws(CatalogError) -> LockRecord? {
        try read { db in try db.lock(of: cluster) }
    }

    package func audit(who: String, what: String, target: String, at time: Timestamp, outcome: String) throws(CatalogError) {
        try write { db in try db.execute("INSERT INTO audit (at, who, what, target, outcome) VALUES (?, ?, ?, ?, ?)", time, who, what, target, outcome) }
    }

    /// Newest first.
    package func audits(limit: Int = 100) throws(CatalogError) -> [AuditRecord] {
        try read { db in try db.rows("SELECT * FROM audit ORDER BY id DESC LIMIT ?", limit, read: AuditRecord.init) }
    }
}

extension Connection {
    func acquireLock(_ cluster: ClusterID, run: RunID, at time: Timestamp) throws -> Int {
        guard let known = try self.cluster(id: cluster) else { throw CatalogError.unknown(.cluster, cluster.rawValue) }
        if let held = try lock(of: cluster), held.run != run { throw CatalogError.locked(known.name, by: held.run) }
        try execute(
            """
            INSERT INTO cluster_lock (cluster_id, epoch, run_id, acquired_at) VALUES (?, 1, ?, ?)
            ON CONFLICT DO UPDATE SET epoch = epoch + 1, run_id = excluded.run_id, acquired_at = excluded.acquired_at
            """, cluster, run, time)
        return try row("SELECT epoch FROM cluster_lock WHERE cluster_id = ?", cluster) { row -> Int in try row["epoch"] } ?? 1
    }

    fileprivate func lock(of cluster: ClusterID) throws -> LockRecord? {
        try row("SELECT * FROM cluster_lock WHERE cluster_id = ? AND run_id IS NOT NULL", cluster, read: LockRecord.init)
    }
}

extension LockRecord {
    fileprivate init(_ row: Row) throws {
        self.init(clusterID: try row["cluster_id"], run: try row["run_id"], epoch: try row["epoch"], acquiredAt: try row["acquired_at"])
    }
}

extension AuditRecord {
    fileprivate init(_ row: Row) throws {
        self.init(id: try row["id"], at: try row["at"], who: try row["who"], what: try row["what"], target: try row["target"], outcome: try row["outcome"])
    }
}
