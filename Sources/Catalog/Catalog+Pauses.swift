package import BackupModel
import SQLite

extension Catalog {
    /// Writes down that a pause is about to begin and takes the locks of all its targets, or does neither. Nothing may be sent before this has returned.
    ///
    /// - Throws: `CatalogError.targetInUse`; `.targetSettling` when a target has not settled by the pause's `intendedAt`; `.unknown` when the application
    ///   has been removed.
    package func beginPause(_ pause: PauseRecord) throws(CatalogError) {
        precondition(pause.state == .intended && !pause.access.targets.isEmpty)
        try write { db in
            if try db.application(named: pause.application) == nil { throw CatalogError.unknown(.application, pause.application.rawValue) }
            try db.insert(pause)
            for target in pause.access.targets { try db.lock(target, for: pause) }
        }
        changed(pause.run)
    }

    /// Puts in place what is not nil. The state of a pause that has ended changes no more, and only `endPause` ends one.
    ///
    /// - Throws: `CatalogError.pauseOver` when a state is given and the pause has ended meanwhile; `.unknown`.
    package func setPause(
        _ id: PauseID, state: PauseState? = nil, windowAt: Timestamp? = nil, window: PauseWindow? = nil, detail: String? = nil
    ) throws(CatalogError) {
        precondition(state != .ended)
        let run = try write { db in
            guard let pause = try db.pause(id) else { throw CatalogError.unknown(.pause, id.rawValue) }
            if state != nil, pause.state == .ended { throw CatalogError.pauseOver(id) }
            try db.execute(
                "UPDATE pause SET state = ?, window_at = coalesce(?, window_at), window = coalesce(?, window), detail = coalesce(?, detail) WHERE id = ?",
                state ?? pause.state, windowAt, json(window), detail, id)
            return pause.run
        }
        changed(run)
    }

    /// Ends a pause whose targets were all proven open, and gives back their locks. The first end stands, with its window.
    ///
    /// - Parameter settling: Targets that may still be at work on a Pause, and until when: no other pause takes them before.
    /// - Returns: Whether this was it.
    @discardableResult
    package func endPause(
        _ id: PauseID, window: PauseWindow? = nil, detail: String? = nil, at time: Timestamp, settling: [PauseTarget: Timestamp] = [:]
    ) throws(CatalogError) -> Bool {
        let (run, ended) = try write { db in
            guard let pause = try db.pause(id) else { throw CatalogError.unknown(.pause, id.rawValue) }
            let updated = try db.execute(
                """
                UPDATE pause SET state = 'ended', ended_at = ?, window = coalesce(?, window), detail = coalesce(?, detail) WHERE id = ? AND ended_at IS NULL
                """, time, json(window), detail, id)
            if updated == 1 { try db.unlockTargets(of: id, settling: settling) }
            return (pause.run, updated == 1)
        }
        changed(run)
        return ended
    }

    /// - Throws: `CatalogError.unknown`.
    package func pause(_ id: PauseID) throws(CatalogError) -> PauseRecord {
        guard let pause = try read({ db in try db.pause(id) }) else { throw .unknown(.pause, id.rawValue) }
        return pause
    }

    /// Those that have not ended, oldest first: a target of theirs may be closed.
    package func openPauses() throws(CatalogError) -> [PauseRecord] { try read { db in try db.openPauses() } }

    /// Newest first, of one application or of all.
    package func pauses(application: ApplicationName? = nil, limit: Int = 100) throws(CatalogError) -> [PauseRecord] {
        try read { db in
            try db.rows(
                "SELECT * FROM pause WHERE application = coalesce(?, application) ORDER BY intended_at DESC, id DESC LIMIT ?", application, limit,
                read: PauseRecord.init)
        }
    }

    /// Oldest first.
    package func pauses(of run: RunID) throws(CatalogError) -> [PauseRecord] {
        try read { db in try db.rows("SELECT * FROM pause WHERE run_id = ? ORDER BY intended_at, id", run, read: PauseRecord.init) }
    }

    /// Appends in the order given.
    package func appendPauseCalls(_ id: PauseID, _ calls: [PauseCall]) throws(CatalogError) {
        try write(.normal) { db in
            let first = try db.row("SELECT coalesce(max(number), 0) + 1 AS next FROM pause_call WHERE pause_id = ?", id) { row -> Int in try row["next"] } ?? 1
            for (number, call) in zip(first..., calls) {
                try db.execute(
                    "INSERT INTO pause_call (pause_id, number, target, name, sent_us, took_us, outcome) VALUES (?, ?, ?, ?, ?, ?, ?)", id, number, call.target,
                    call.name, call.sentMicroseconds, call.tookMicroseconds, call.outcome)
            }
        }
    }

    /// In the order in which they were appended.
    package func pauseCalls(of id: PauseID) throws(CatalogError) -> [PauseCall] {
        try read { db in try db.rows("SELECT * FROM pause_call WHERE pause_id = ? ORDER BY number", id, read: PauseCall.init) }
    }
}

extension Connection {
    func openPauses() throws -> [PauseRecord] { try rows("SELECT * FROM pause WHERE ended_at IS NULL ORDER BY intended_at, id", read: PauseRecord.init) }

    fileprivate func pause(_ id: PauseID) throws -> PauseRecord? { try row("SELECT * FROM pause WHERE id = ?", id, read: PauseRecord.init) }

    fileprivate func insert(_ pause: PauseRecord) throws {
        try execute(
            """
            INSERT INTO pause (id, run_id, application, state, access, intended_at, deadline_at, window_at, ended_at, window, detail)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            pause.id, pause.run, pause.application, pause.state, json(pause.access), pause.intendedAt, pause.deadlineAt, pause.windowAt, pause.endedAt,
            json(pause.window), pause.detail)
    }

    fileprivate func lock(_ target: PauseTarget, for pause: PauseRecord) throws {
        let holder = try row("SELECT pause.id, pause.run_id FROM pause_target JOIN pause ON pause.id = pause_id WHERE target = ?", target.lockName) { row in
            (id: try row["id"] as PauseID, run: try row["run_id"] as RunID)
        }
        if let holder { throw CatalogError.targetInUse(target, by: holder.id, run: holder.run) }
        let settling = try row("SELECT settling_until FROM pause_target WHERE target = ? AND settling_until > ?", target.lockName, pause.intendedAt) { row in
            try row["settling_until"] as Timestamp
        }
        if let settling { throw CatalogError.targetSettling(target, until: settling) }
        try execute(
            "INSERT INTO pause_target (target, pause_id) VALUES (?, ?) ON CONFLICT DO UPDATE SET pause_id = excluded.pause_id", target.lockName, pause.id)
    }

    fileprivate func unlockTargets(of pause: PauseID, settling: [PauseTarget: Timestamp]) throws {
        for (target, time) in settling {
            try execute(
                "UPDATE pause_target SET settling_until = max(coalesce(settling_until, 0), ?) WHERE target = ? AND pause_id = ?", time, target.lockName, pause)
        }
        try execute("UPDATE pause_target SET pause_id = NULL WHERE pause_id = ?", pause)
    }
}

extension PauseTarget {
    /// Names of hosts are the same in any case.
    fileprivate var lockName: String { description.lowercased() }
}

extension PauseRecord {
    fileprivate init(_ row: Row) throws {
        self.init(
            id: try row["id"], run: try row["run_id"], application: try row["application"], state: try row["state"], access: try row.json("access"),
            intendedAt: try row["intended_at"], deadlineAt: try row["deadline_at"], windowAt: try row["window_at"], endedAt: try row["ended_at"],
            window: try row.jsonIfPresent("window"), detail: try row["detail"])
    }
}

extension PauseCall {
    fileprivate init(_ row: Row) throws {
        self.init(
            target: try row["target"], name: try row["name"], sentMicroseconds: try row["sent_us"], tookMicroseconds: try row["took_us"],
            outcome: try row["outcome"])
    }
}
