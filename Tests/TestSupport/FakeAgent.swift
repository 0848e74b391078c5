import BackupModel
import NodeDispatch

/// Answers one node's requests from the fake cluster's state.
struct FakeAgent: Sendable {
    let cluster: FakeCluster
    let address: String

    func answer(_ request: AgentRequest, _ event: @escaping @Sendable (AgentEvent) -> Void) async throws -> AgentResult {
        let kind = kind(of: request)
        cluster.note(address, kind, request)
        let act = cluster.take(kind, address)
        switch act {
        case .fail(let failure): throw failure
        case .loseRequest: throw Lost()
        case .hold(let gate): try await gate.wait()
        case .die:
            guard case .followJob(let id, _, _) = request else { throw Lost() }
            cluster.update(address) { $0.jobs[id]?.alive = false }
        default: break
        }
        var left = Int.max
        if case .loseAfter(let events) = act { left = events }
        let result = try await carryOut(request, left, event)
        if case .loseAnswer = act { throw Lost() }
        return result
    }

    struct Lost: Error, CustomStringConvertible { var description: String { "fake: the connection was cut" } }

    private func kind(of request: AgentRequest) -> String {
        func word(_ id: JobID) -> String { cluster.node(address).jobs[id]?.work.word ?? "unknown" }
        return switch request {
        case .inspect: "inspect"
        case .flush: "flush"
        case .snapshot: "snapshot"
        case .clearSnapshot: "clear"
        case .startJob(let job): "startJob \(job.work.word)"
        case .followJob(let id, _, _): "followJob \(word(id))"
        case .cancelJob(let id): "cancelJob \(word(id))"
        case .forgetJob: "forgetJob"
        case .listJobs: "listJobs"
        case .restoreStatus: "restoreStatus"
        case .measure: "measure"
        }
    }

    private func carryOut(_ request: AgentRequest, _ left: Int, _ event: @escaping @Sendable (AgentEvent) -> Void) async throws -> AgentResult {
        switch request {
        case .inspect(_, let ring):
            guard var facts = cluster.facts(address) else { throw Self.down(address) }
            facts.tell(ring)
            return .facts(facts)
        case .snapshot(let ask):
            guard cluster.node(address).running else { throw Self.down(address) }
            cluster.update(address) { _ = $0.snapshots.insert(ask.tag.rawValue) }
            let time = Timestamp("2026-11-24T14:55:02.000Z")!
            return .snapshotTaken(SnapshotTaken(started: time, ended: time.advanced(by: 40), microseconds: 40_000))
        case .clearSnapshot(let ask):
            cluster.update(address) { _ = $0.snapshots.remove(ask.tag.rawValue) }
            return .done
        case .startJob(let job):
            FakeJobRunner(cluster: cluster, address: address).start(job)
            return .jobStarted(job.id)
        case .followJob(let id, let after, let seconds): return try await follow(id, after, seconds, left, event)
        case .cancelJob(let id):
            cluster.update(address) { $0.jobs[id]?.end(.failed(Failure("run.cancelled", "cancelled", recovery: .retry)), cancelled: true) }
            return .done
        case .listJobs: return .jobs(cluster.node(address).jobs.map { JobStatus(id: $0.key, state: $0.value.outcome == nil ? .running : .ended) })
        case .forgetJob(let id):
            cluster.update(address) { $0.jobs[id] = nil }
            return .done
        case .flush: return .done
        case .restoreStatus:
            let node = cluster.node(address)
            return .restore(RestoreStatus(step: node.placed ? .placed : node.staged ? .staged : .none, asideBytes: node.aside ? 1000 : 0))
        case .measure(let folders): return .measured(measured(folders))
        }
    }

    static func down(_ address: String) -> Failure { Failure("cassandra.unreachable", "fake: Cassandra at \(address) does not answer", recovery: .retry) }

    private func follow(_ id: JobID, _ after: Int, _ seconds: Int?, _ left: Int, _ event: @escaping @Sendable (AgentEvent) -> Void) async throws -> AgentResult {
        let end = seconds.map { ContinuousClock.now + .seconds($0) }
        var after = after, left = left
        while true {
            guard let job = cluster.node(address).jobs[id] else { throw Failure("agent.no-such-job", "fake: no job \(id)", recovery: .bug) }
            for (at, entry) in job.journal.enumerated() where at + 1 > after {
                guard left > 0 else { throw Lost() }
                event(.job(number: at + 1, entry))
                (after, left) = (at + 1, left - 1)
            }
            if let outcome = job.outcome { return .jobEnded(outcome) }
            guard job.alive else { throw Failure("agent.job-died", "fake: job \(id) ended without a word", recovery: .retry) }
            guard left > 0 else { throw Lost() }
            if let end, ContinuousClock.now > end { return .jobRuns }
            event(.heartbeat)
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    private func measured(_ folders: NodeFolders) -> FoldersMeasured {
        let free = cluster.node(address).free
        return FoldersMeasured(
            folders: (folders.data + [folders.commitLog]).enumerated().map { at, path in
                .init(space: FolderSpace(path: path, exists: true, free: free, total: 1 << 41, device: 10 + at), used: 1000 + at)
            }, holders: [])
    }
}

extension FakeJob {
    /// The first end stands.
    mutating func end(_ outcome: JobOutcome, cancelled: Bool = false) {
        guard self.outcome == nil else { return }
        journal.append(.ended(outcome))
        alive = false
        self.cancelled = cancelled
    }
}
