package import BackupModel
import SQLite

extension Catalog {
    package func beginRun(_ run: RunRecord) throws(CatalogError) {
        try write { db in try db.insert(run) }
        changed(run.id)
    }

    /// Begins a run and takes its cluster's lock, or does neither.
    ///
    /// - Returns: The lock's epoch.
    /// - Throws: `CatalogError.locked`; `.unreadable` for a run without a cluster.
    @discardableResult
    package func beginLockedRun(_ run: RunRecord) throws(CatalogError) -> Int {
        let epoch = try write { db in
            try db.insert(run)
            return try db.acquireLock(try run.cluster, run: run.id, at: run.startedAt)
        }
        changed(run.id)
        return epoch
    }

    /// Ends a run with all its open stages: as done if it succeeded, interrupted if it was cancelled, failed otherwise. The first end stands.
    ///
    /// - Returns: Whether this was it.
    @discardableResult
    package func endRun(_ id: RunID, state: RunState, failure: Failure? = nil, at time: Timestamp) throws(CatalogError) -> Bool {
        precondition(state != .running && state != .interrupted)
        let ended = try write { db in
            let updated = try db.execute(
                "UPDATE run SET state = ?, failure = ?, ended_at = ? WHERE id = ? AND ended_at IS NULL", state, json(failure), time, id)
            if updated == 0, try db.run(id) == nil { throw CatalogError.unknown(.run, id.rawValue) }
            if updated == 1 { try db.endOpenStages(of: id, as: state.ofOpenStages, at: time) }
            return updated == 1
        }
        changed(id)
        return ended
    }

    /// Binds the run to what it makes or carries out, once that is known; nil leaves what was there.
    package func setRun(_ id: RunID, backup: BackupID? = nil, restore: RestoreID? = nil) throws(CatalogError) {
        try write { db in
            let updated = try db.execute(
                "UPDATE run SET backup_id = coalesce(?, backup_id), restore_id = coalesce(?, restore_id) WHERE id = ?", backup, restore, id)
            if updated == 0 { throw CatalogError.unknown(.run, id.rawValue) }
        }
        changed(id)
    }

    /// - Throws: `CatalogError.unknown`.
    package func run(_ id: RunID) throws(CatalogError) -> RunRecord {
        guard let run = try read({ db in try db.run(id) }) else { throw .unknown(.run, id.rawValue) }
        return run
    }

    /// Newest first, of one cluster or of all, those without a cluster too.
    package func runs(cluster: ClusterID? = nil, limit: Int = 100) throws(CatalogError) -> [RunRecord] {
        try read { db in
            try db.rows(
                "SELECT * FROM run WHERE ?1 IS NULL OR cluster_id = ?1 ORDER BY started_at DESC, id DESC LIMIT ?2", cluster, limit, read: RunRecord.init)
        }
    }

    /// Those that have no end, oldest first: `running` ones and `interrupted` ones that were neither resumed nor ended.
    ///
    /// Right after the start none of them is at work.
    package func unfinishedRuns() throws(CatalogError) -> [RunRecord] {
        try read { db in try db.rows("SELECT * FROM run WHERE ended_at IS NULL ORDER BY started_at, id", read: RunRecord.init) }
    }

    /// Marks a run and its open stages as interrupted. Its lock stays: give it back with `releaseLock` unless the run will be resumed.
    package func markInterrupted(_ id: RunID, at time: Timestamp) throws(CatalogError) {
        try write { db in try db.markInterrupted(id, at: time) }
        changed(id)
    }

    /// Marks every run that reads `running` as interrupted, to be called once, before anything is started. Locks, backups and restores stay as they are: what
    /// becomes of them is the caller's to decide.
    ///
    /// - Returns: All unfinished runs as they now stand, oldest first.
    package func reconcile(at time: Timestamp) throws(CatalogError) -> [RunRecord] {
        let runs = try write { db in
            for id in try db.rows("SELECT id FROM run WHERE state = 'running'", read: { row -> RunID in try row["id"] }) {
                try db.markInterrupted(id, at: time)
            }
            return try db.rows("SELECT * FROM run WHERE ended_at IS NULL ORDER BY started_at, id", read: RunRecord.init)
        }
        for run in runs { changed(run.id) }
        return runs
    }

    /// Lets an interrupted run read `running` again.
    ///
    /// - Throws: `CatalogError.unknown` when there is no such run without an end.
    package func resumeRun(_ id: RunID, at time: Timestamp) throws(CatalogError) {
        try write { db in
            guard try db.execute("UPDATE run SET state = 'running' WHERE id = ? AND ended_at IS NULL", id) == 1 else {
                throw CatalogError.unknown(.run, id.rawValue)
            }
            try db.appendEvent(id, at: time, level: .info, node: nil, text: "run resumed", code: nil)
        }
        changed(id)
    }
}

extension RunState {
    fileprivate var ofOpenStages: StageState {
        switch self {
        case .succeeded: .done
        case .cancelled, .interrupted: .interrupted
        case .failed, .partlyFailed, .running: .failed
        }
    }
}

extension Connection {
    func run(_ id: RunID) throws -> RunRecord? { try row("SELECT * FROM run WHERE id = ?", id, read: RunRecord.init) }

    fileprivate func insert(_ run: RunRecord) throws {
        try execute(
            "INSERT INTO run (id, kind, cluster_id, state, request, started_at, ended_at, failure, backup_id, restore_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            run.id, run.kind, run.clusterID, run.state, run.request, run.startedAt, run.endedAt, json(run.failure), run.backup, run.restore)
    }

    fileprivate func markInterrupted(_ id: RunID, at time: Timestamp) throws {
        guard try execute("UPDATE run SET state = 'interrupted' WHERE id = ? AND ended_at IS NULL", id) == 1 else {
            throw CatalogError.unknown(.run, id.rawValue)
        }
        try endOpenStages(of: id, as: .interrupted, at: time)
    }
}

extension RunRecord {
    fileprivate init(_ row: Row) throws {
        self.init(
            id: try row["id"], kind: try row["kind"], clusterID: try row["cluster_id"], state: try row["state"], request: try row["request"],
            startedAt: try row["started_at"],
            endedAt: try row["ended_at"], failure: try row.jsonIfPresent("failure"), backup: try row["backup_id"], restore: try row["restore_id"])
    }
}
