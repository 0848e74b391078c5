package import BackupModel
import SQLite

extension Catalog {
    package func addRestore(_ restore: RestoreRecord, nodes: [RestoreNodeRecord] = []) throws(CatalogError) {
        try write { db in
            try db.execute(
                "INSERT INTO restore (id, cluster_id, backup_id, store, kind, state, plan, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                restore.id, restore.clusterID, restore.backup, restore.store, restore.kind, restore.state, restore.plan, restore.createdAt, restore.updatedAt)
            for node in nodes { try db.setRestoreNode(node) }
        }
    }

    package func updateRestore(_ id: RestoreID, state: RestoreState, at time: Timestamp) throws(CatalogError) {
        try write { db in
            let updated = try db.execute("UPDATE restore SET state = ?, updated_at = ? WHERE id = ?", state, time, id)
            if updated == 0 { throw CatalogError.unknown(.restore, id.rawValue) }
        }
    }

    /// - Throws: `CatalogError.unknown`.
    package func restore(_ id: RestoreID) throws(CatalogError) -> RestoreRecord {
        let restore = try read { db in try db.row("SELECT * FROM restore WHERE id = ?", id, read: RestoreRecord.init) }
        guard let restore else { throw .unknown(.restore, id.rawValue) }
        return restore
    }

    /// Newest first, of one cluster or of all.
    package func restores(cluster: ClusterID? = nil) throws(CatalogError) -> [RestoreRecord] {
        try read { db in
            try db.rows("SELECT * FROM restore WHERE cluster_id = coalesce(?, cluster_id) ORDER BY created_at DESC, id DESC", cluster, read: RestoreRecord.init)
        }
    }

    /// Puts the node's row in place of what the restore had for it; on the disk before the node is touched.
    package func setRestoreNode(_ node: RestoreNodeRecord) throws(CatalogError) {
        try write { db in try db.setRestoreNode(node) }
    }

    /// By address.
    package func restoreNodes(of restore: RestoreID) throws(CatalogError) -> [RestoreNodeRecord] {
        try read { db in try db.rows("SELECT * FROM node_restore WHERE restore_id = ? ORDER BY address, host_id", restore, read: RestoreNodeRecord.init) }
    }
}

extension Connection {
    fileprivate func setRestoreNode(_ node: RestoreNodeRecord) throws {
        try execute(
            """
            INSERT INTO node_restore (restore_id, host_id, address, step, layout, updated_at) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET address = excluded.address, step = excluded.step, layout = excluded.layout, updated_at = excluded.updated_at
            """, node.restore, node.hostID, node.address, node.step, json(node.layout), node.updatedAt)
    }
}

extension RestoreRecord {
    fileprivate init(_ row: Row) throws {
        self.init(
            id: try row["id"], clusterID: try row["cluster_id"], backup: try row["backup_id"], store: try row["store"], kind: try row["kind"],
            state: try row["state"],
            plan: try row["plan"], createdAt: try row["created_at"], updatedAt: try row["updated_at"])
    }
}

extension RestoreNodeRecord {
    fileprivate init(_ row: Row) throws {
        self.init(
            restore: try row["restore_id"], hostID: try row["host_id"], address: try row["address"], step: try row["step"], layout: try row.json("layout"),
            updatedAt: try row["updated_at"])
    }
}
