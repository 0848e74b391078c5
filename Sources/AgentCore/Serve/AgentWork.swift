import BackupModel
import CassandraNode

/// Carries out one request.
struct AgentWork {
    let agent: AgentFolder
    let parts: AgentParts
    let nodes: OpenNodes
    let stop: StopSignal
    let isBroken: () -> Bool
    let event: (AgentEvent) -> Void
    /// Told before and after what must not be left half-way though nobody waits for it any more.
    var lasting: (Bool) -> Void = { _ in }

    func result(of request: AgentRequest) throws -> AgentResult {
        let jobs = JobControl(agent: agent, stop: stop, isBroken: isBroken)
        switch request {
        case .inspect(let access, let ring): return .facts(try nodes.with(access) { try $0.facts(ring: ring) })
        case .flush(let request): try nodes.with(request.access) { try $0.flush(keyspaces: request.keyspaces) }
        case .snapshot(let request): return .snapshotTaken(try snapshot(request))
        case .clearSnapshot(let request): try clear(request)
        case .startJob(let request):
            try jobs.start(request)
            return .jobStarted(request.id)
        case .followJob(let id, let after, let seconds):
            guard let outcome = try jobs.follow(id, after: after, seconds: seconds, { event(.job(number: $0, $1)) }) else { return .jobRuns }
            return .jobEnded(outcome)
        case .cancelJob(let id): try jobs.cancel(id)
        case .forgetJob(let id): try jobs.forget(id)
        case .listJobs: return .jobs(try jobs.list())
        case .restoreStatus(let layout): return .restore(try RestoreStatus.of(layout, agent))
        case .measure(let folders): return .measured(try measure(folders))
        }
        return .done
    }

    private func snapshot(_ request: SnapshotRequest) throws -> SnapshotTaken {
        try checkOurs(request.tag)
        lasting(true)
        defer { lasting(false) }
        return try nodes.with(request.access) { node in
            let started = parts.now(), microseconds: Int
            do {
                microseconds = try node.takeSnapshot(tag: request.tag, keyspaces: request.keyspaces, skipFlush: request.skipFlush, timeoutSeconds: request.timeoutSeconds)
            } catch {
                // Part of it may be there. One that existed before is not ours to judge: it may be the whole one of a request whose answer was lost.
                if case NodeError.snapshotExists = error {} else { try? node.clearSnapshot(tag: request.tag) }
                throw error
            }
            if stop.isSet {
                // Nobody hears of it, and whoever cleared this tag meanwhile may have done so before it was whole.
                try node.clearSnapshot(tag: request.tag)
                try stop.check()
            }
            return SnapshotTaken(started: started, ended: parts.now(), microseconds: microseconds)
        }
    }

    /// Cassandra's own word is not enough: an older one answers well and clears nothing. When it is down, the folders' links are removed instead.
    private func clear(_ request: ClearSnapshotRequest) throws {
        try checkOurs(request.tag)
        var cause: (any Error)?
        do {
            try nodes.with(request.access) { try $0.clearSnapshot(tag: request.tag) }
        } catch {
            cause = error
        }
        let left = try SnapshotReader.folders(of: request.tag, in: request.folders.data)
        guard !left.isEmpty else { return }
        if case NodeError.unreachable? = cause {
            try SnapshotReader.remove(tag: request.tag, folders: request.folders.data)
            if try SnapshotReader.folders(of: request.tag, in: request.folders.data).isEmpty { return }
        }
        throw Failure(
            "cassandra.snapshot-not-cleared", "snapshot '\(request.tag)' is still there: \(quoted(left[0]))\(left.count > 1 ? " and \(left.count - 1) more folders" : "")",
            hint: "'nodetool clearsnapshot -t \(request.tag)' on the node clears it", recovery: .retry, cause: cause.map { Failure($0) })
    }

    private func checkOurs(_ tag: SnapshotTag) throws(NodeError) {
        guard tag.rawValue.hasPrefix("aeneas-") else { throw .notOurSnapshot(tag) }
    }

    private func measure(_ folders: NodeFolders) throws -> FoldersMeasured {
        let uses = try folders.all.map { FoldersMeasured.Use(space: try FolderSpace(of: $0), used: try Disk.bytes(below: try Disk.real($0) ?? $0)) }
        return FoldersMeasured(folders: uses, holders: parts.holders(folders.all))
    }
}
