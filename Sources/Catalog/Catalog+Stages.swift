package import BackupModel
import SQLite

extension Catalog {
    /// Records a stage as running, to be called before its first effect.
    ///
    /// - Returns: Its ordinal in the run, from 1.
    package func beginStage(_ run: RunID, _ name: String, at time: Timestamp) throws(CatalogError) -> Int {
        let ordinal = try write { db in
            let ordinal = try db.row("SELECT coalesce(max(ordinal), 0) + 1 AS next FROM run_stage WHERE run_id = ?", run) { row -> Int in try row["next"] } ?? 1
            try db.execute("INSERT INTO run_stage (run_id, ordinal, name, state, started_at) VALUES (?, ?, ?, 'running', ?)", run, ordinal, name, time)
            return ordinal
        }
        changed(run)
        return ordinal
    }

    package func endStage(_ run: RunID, _ ordinal: Int, state: StageState, at time: Timestamp, detail: String? = nil) throws(CatalogError) {
        try write { db in
            let updated = try db.execute(
                "UPDATE run_stage SET state = ?, ended_at = ?, detail = ? WHERE run_id = ? AND ordinal = ?", state, time, detail, run, ordinal)
            if updated == 0 { throw CatalogError.unknown(.stage, "\(ordinal) of run \(run)") }
        }
        changed(run)
    }

    /// In order.
    package func stages(of run: RunID) throws(CatalogError) -> [StageRecord] {
        try read { db in try db.rows("SELECT * FROM run_stage WHERE run_id = ? ORDER BY ordinal", run, read: StageRecord.init) }
    }

    /// Puts the node's row in place of what the run had for it.
    package func setRunNode(_ node: RunNodeRecord) throws(CatalogError) {
        try write(.normal) { db in
            try db.execute(
                """
                INSERT INTO run_node (run_id, host_id, address, stage, job_id, state, progress, failure, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET address = excluded.address, stage = excluded.stage, job_id = excluded.job_id, state = excluded.state,
                    progress = excluded.progress, failure = excluded.failure, updated_at = excluded.updated_at
                """,
                node.run, node.hostID, node.address, node.stage, node.job, node.state, json(node.progress), json(node.failure), node.updatedAt)
        }
        changed(node.run)
    }

    /// By address.
    package func runNodes(of run: RunID) throws(CatalogError) -> [RunNodeRecord] {
        try read { db in try db.rows("SELECT * FROM run_node WHERE run_id = ? ORDER BY address, host_id", run, read: RunNodeRecord.init) }
    }

    @discardableResult
    package func appendEvent(
        _ run: RunID, at time: Timestamp, level: Note.Level, node: String? = nil, text: String, code: String? = nil
    ) throws(CatalogError) -> RunEvent {
        let event = try write(.normal) { db in try db.appendEvent(run, at: time, level: level, node: node, text: text, code: code) }
        changed(run)
        return event
    }

    /// Those with a number above `after`, in order.
    package func events(of run: RunID, after: Int = 0, limit: Int = 1000) throws(CatalogError) -> [RunEvent] {
        try read { db in try db.rows("SELECT * FROM run_event WHERE run_id = ? AND number > ? ORDER BY number LIMIT ?", run, after, limit, read: RunEvent.init)
        }
    }
}

extension Connection {
    func endOpenStages(of run: RunID, as state: StageState, at time: Timestamp) throws {
        try execute("UPDATE run_stage SET state = ?, ended_at = ? WHERE run_id = ? AND state IN ('pending', 'running')", state, time, run)
    }

    @discardableResult
    func appendEvent(_ run: RunID, at time: Timestamp, level: Note.Level, node: String?, text: String, code: String?) throws -> RunEvent {
        let number = try row("SELECT coalesce(max(number), 0) + 1 AS next FROM run_event WHERE run_id = ?", run) { row -> Int in try row["next"] } ?? 1
        try execute(
            "INSERT INTO run_event (run_id, number, at, level, node, text, code) VALUES (?, ?, ?, ?, ?, ?, ?)", run, number, time, level, node, text, code)
        return RunEvent(run: run, number: number, at: time, level: level, node: node, text: text, code: code)
    }
}

extension StageRecord {
    fileprivate init(_ row: Row) throws {
        self.init(
            run: try row["run_id"], ordinal: try row["ordinal"], name: try row["name"], state: try row["state"], startedAt: try row["started_at"],
            endedAt: try row["ended_at"],
            detail: try row["detail"])
    }
}

extension RunNodeRecord {
    fileprivate init(_ row: Row) throws {
        self.init(
            run: try row["run_id"], hostID: try row["host_id"], address: try row["address"], stage: try row["stage"], job: try row["job_id"],
            state: try row["state"],
            progress: try row.jsonIfPresent("progress"), failure: try row.jsonIfPresent("failure"), updatedAt: try row["updated_at"])
    }
}

extension RunEvent {
    fileprivate init(_ row: Row) throws {
        self.init(
            run: try row["run_id"], number: try row["number"], at: try row["at"], level: try row["level"], node: try row["node"], text: try row["text"],
            code: try row["code"])
    }
}
