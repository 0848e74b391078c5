package import BackupModel
import SQLite

extension Catalog {
    /// Adds a backup with the nodes that are to have a part of it, all or nothing.
    package func addBackup(_ backup: BackupRecord, nodes: [NodeBackupRecord] = []) throws(CatalogError) {
        try write { db in
            try db.execute(
                """
                INSERT INTO backup (id, cluster_id, store, run_id, state, consistency, started_at, finished_at, bytes, sent_bytes, sstables, damaged, description)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                backup.id, backup.clusterID, backup.store, backup.run, backup.state, backup.consistency, backup.startedAt, backup.finishedAt, backup.bytes,
                backup.sentBytes,
                backup.sstables, backup.damaged, json(backup.description))
            for node in nodes { try db.setNodeBackup(node) }
        }
        changed(backup.run)
    }

    /// Puts everything that can change in place: state, consistency, end, counts, description.
    package func updateBackup(_ backup: BackupRecord) throws(CatalogError) {
        try write { db in
            let updated = try db.execute(
                "UPDATE backup SET state = ?, consistency = ?, finished_at = ?, bytes = ?, sent_bytes = ?, sstables = ?, damaged = ?, description = ? WHERE id = ?",
                backup.state, backup.consistency, backup.finishedAt, backup.bytes, backup.sentBytes, backup.sstables, backup.damaged, json(backup.description),
                backup.id)
            if updated == 0 { throw CatalogError.unknown(.backup, backup.id.rawValue) }
        }
        changed(backup.run)
    }

    /// - Throws: `CatalogError.unknown`.
    package func backup(_ id: BackupID) throws(CatalogError) -> BackupRecord {
        let backup = try read { db in try db.row("SELECT * FROM backup WHERE id = ?", id, read: BackupRecord.init) }
        guard let backup else { throw .unknown(.backup, id.rawValue) }
        return backup
    }

    /// Newest first, of one cluster or of all.
    package func backups(cluster: ClusterID? = nil) throws(CatalogError) -> [BackupRecord] {
        try read { db in
            try db.rows("SELECT * FROM backup WHERE cluster_id = coalesce(?, cluster_id) ORDER BY started_at DESC, id DESC", cluster, read: BackupRecord.init)
        }
    }

    /// Puts the node's row in place of what the backup had for it.
    package func setNodeBackup(_ node: NodeBackupRecord) throws(CatalogError) {
        try write { db in try db.setNodeBackup(node) }
    }

    /// By address.
    package func nodeBackups(of backup: BackupID) throws(CatalogError) -> [NodeBackupRecord] {
        try read { db in try db.rows("SELECT * FROM node_backup WHERE backup_id = ? ORDER BY address, host_id", backup, read: NodeBackupRecord.init) }
    }
}

extension Connection {
    fileprivate func setNodeBackup(_ node: NodeBackupRecord) throws {
        try execute(
            """
            INSERT INTO node_backup (backup_id, host_id, address, state, snapshot, result, failure) VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET address = excluded.address, state = excluded.state, snapshot = excluded.snapshot, result = excluded.result, failure = excluded.failure
            """, node.backup, node.hostID, node.address, node.state, json(node.snapshot), json(node.result), json(node.failure))
    }
}

extension BackupRecord {
    fileprivate init(_ row: Row) throws {
        self.init(
            id: try row["id"], clusterID: try row["cluster_id"], store: try row["store"], run: try row["run_id"], state: try row["state"],
            consistency: try row["consistency"],
            startedAt: try row["started_at"], finishedAt: try row["finished_at"], bytes: try row["bytes"], sentBytes: try row["sent_bytes"],
            sstables: try row["sstables"],
            damaged: try row["damaged"], description: try row.jsonIfPresent("description"))
    }
}

extension NodeBackupRecord {
    fileprivate init(_ row: Row) throws {
        self.init(
            backup: try row["backup_id"], hostID: try row["host_id"], address: try row["address"], state: try row["state"],
            snapshot: try row.jsonIfPresent("snapshot"),
            result: try row.jsonIfPresent("result"), failure: try row.jsonIfPresent("failure"))
    }
}
