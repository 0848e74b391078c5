import BackupModel
import Catalog
import Logging
import NodeDispatch

/// Writes one run's course into the catalogue: stages before they start, nodes as they go, and what there is to tell.
struct RunRecorder: Sendable {
    let run: RunID
    let environment: OperationsEnvironment
    /// Says why the run's task ends early: by request, or because the master stops and will take the run up again.
    let control: RunControl

    private var catalog: Catalog { environment.catalog }
    var now: Timestamp { environment.clock() }

    /// - Parameter name: As it is shown: `snapshot`, `upload`.
    func stage<Value: Sendable>(_ name: String, _ body: () async throws -> Value) async throws -> Value {
        try Task.checkCancellation()
        let ordinal = try await catalog.beginStage(run, name, at: now)
        do {
            let value = try await body()
            try await catalog.endStage(run, ordinal, state: .done, at: now, detail: nil)
            return value
        } catch {
            // A master that stops leaves the stage as it is: reconciliation goes on from there.
            if !control.isSuspending { try await catalog.endStage(run, ordinal, state: .failed, at: now, detail: Failure(error).description) }
            throw error
        }
    }

    func note(_ level: Note.Level, _ text: String, node: String? = nil, code: String? = nil) async {
        do {
            _ = try await catalog.appendEvent(run, at: now, level: level, node: node, text: text, code: code)
        } catch {
            environment.log.error("cannot record an event of run \(run): \(Failure(error))")
        }
        if level != .info { environment.log.warning("\(text)", ["run": run.rawValue, "node": node ?? "-", "code": code ?? "-"]) }
    }

    func node(_ host: HostID, address: String, stage: String, job: JobID? = nil, state: String, progress: Progress? = nil, failure: Failure? = nil) async {
        do {
            try await catalog.setRunNode(
                RunNodeRecord(run: run, hostID: host, address: address, stage: stage, job: job, state: state, progress: progress, failure: failure, updatedAt: now))
        } catch {
            environment.log.error("cannot record node \(address) of run \(run): \(Failure(error))")
        }
    }

    /// Runs one node's job, with its course recorded. The job's id is kept before it starts: the same stage of the same run finds it again after a restart.
    func job(_ work: JobWork, stage: String, host: HostID, node: NodeTarget, lease: Int) async throws -> JobResult {
        let known = try await catalog.runNodes(of: run).first { $0.hostID == host && $0.stage == stage }?.job
        let id = known ?? environment.newULID(JobID.self)
        await self.node(host, address: node.name, stage: stage, job: id, state: "running")
        let follower = JobFollower(calls: NodeCalls(environment), node: node, job: JobRequest(id: id, work: work, leaseSeconds: lease)) { event in
            switch event {
            case .progress(let progress): await self.node(host, address: node.name, stage: stage, job: id, state: "running", progress: progress)
            case .note(let note): await self.note(note.level, note.text, node: node.name, code: note.code)
            case .ended: break
            }
        }
        do {
            let result = try await follower.run()
            let last = try await catalog.runNodes(of: run).first { $0.hostID == host }?.progress
            await self.node(host, address: node.name, stage: stage, job: id, state: "done", progress: last)
            return result
        } catch {
            if control.isSuspending { throw error }
            if error is CancellationError || Task.isCancelled { await cancelJob(id, on: node) }
            let failure = Failure(error).on(node.name)
            await self.node(host, address: node.name, stage: stage, job: id, state: "failed", failure: failure)
            throw failure
        }
    }

    /// In a task of its own: ours is cancelled already.
    private func cancelJob(_ id: JobID, on node: NodeTarget) async {
        let calls = NodeCalls(environment)
        let outcome = await Task { try await calls.ask(node, .cancelJob(id)) }.result
        if case .failure(let error) = outcome { await note(.warning, "could not cancel the job: \(Failure(error))", node: node.name, code: "agent.cancel-failed") }
    }

    /// Runs `body` to its end also when this task has been cancelled: for what must be cleaned up whatever happens.
    func uncancelled<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) async -> Value { await Task { await body() }.value }
}
