import BackupModel
import Catalog
import Logging
import NodeDispatch
import ScalarAdmin

/// The two that open the application should the master fall silent: a process beside it, and an agent's job on a node.
final class PauseGuardPair: Sendable {
    private let beside: any PauseGuard
    private let onNode: NodeGuard?

    init(beside: any PauseGuard, onNode: NodeGuard?) {
        self.beside = beside
        self.onNode = onNode
    }

    func check() throws {
        guard beside.isAlive else { throw Failure("pause.guardian-lost", "the guardian beside the master ended before anything was paused", hint: "was it killed?", recovery: .retry) }
    }

    /// - Parameter openIsProven: False leaves both at work: they go on until all is open.
    func release(openIsProven: Bool, _ recorder: RunRecorder) async {
        if !beside.isAlive {
            await recorder.note(.warning, "the guardian beside the master ended before its time; the master has opened the application itself", code: "pause.guardian-lost")
        }
        guard openIsProven else { return }
        await beside.release()
        await onNode?.release(recorder)
    }
}

extension PauseSession {
    /// Both, before anything is paused.
    ///
    /// - Throws: Without the one beside the master nothing is paused; without one on a node only where the application's settings ask for it.
    func startGuards(_ lasts: Int) async throws -> PauseGuardPair {
        // The master ends the window itself well before: they act when it does not.
        let work = GuardWork(pause: id, application: application.name, access: access, deadlineSeconds: lasts)
        let beside = try await environment.pausing.guards.start(work)
        guard beside.unreached.isEmpty else {
            await beside.release()
            let unreached = beside.unreached.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value))" }
            throw Failure(
                "pause.guardian-cannot-reach", "the guardian beside the master does not reach \(unreached.joined(separator: ", "))",
                hint: "aeneas application check \(application.name)", recovery: .retry)
        }
        do {
            return PauseGuardPair(beside: beside, onNode: try await startNodeGuard(work))
        } catch {
            await beside.release()
            throw error
        }
    }

    private func startNodeGuard(_ work: GuardWork) async throws -> NodeGuard? {
        var why: [Failure] = []
        for node in guardNodes.prefix(3) {
            do {
                let guardian = NodeGuard(environment: environment, node: node, job: environment.newULID())
                let reach = try await guardian.start(work)
                if reach.level != .info, settings.requireNodeGuardian {
                    await guardian.release(recorder)
                    throw Failure("pause.guardian-cannot-reach", reach.text, recovery: .retry)
                }
                await recorder.note(reach.level, "second guardian on \(node.name): \(reach.text)", node: node.name, code: reach.level == .info ? nil : reach.code)
                return guardian
            } catch {
                why.append(Failure(error).on(node.name))
            }
        }
        let reason = why.first.map { ": \($0)" } ?? ": no cluster names this application"
        if settings.requireNodeGuardian { throw Failure("pause.no-second-guardian", "no node can watch over '\(application.name)'\(reason)", hint: "do the nodes reach its instances?", recovery: .retry) }
        await recorder.note(
            .warning, "no second guardian on a node\(reason). Should the master's whole host fail while '\(application.name)' is paused, nobody would open it", code: "pause.no-second-guardian")
        return nil
    }
}

/// The guardian on a node: an agent's job, followed for as long as the pause lasts. Not followed any more, it opens the application.
final class NodeGuard: Sendable {
    /// Longer than a reconnection takes, shorter than anybody would want to wait.
    static let leaseSeconds = 15
    private let environment: OperationsEnvironment
    private let node: NodeTarget
    private let job: JobID
    private let following = TaskBox()

    init(environment: OperationsEnvironment, node: NodeTarget, job: JobID) {
        self.environment = environment
        self.node = node
        self.job = job
    }

    /// Returns once it has tried to reach the application's instances.
    ///
    /// - Returns: Which it reaches; a warning when it does not reach all.
    func start(_ work: GuardWork) async throws -> Note {
        let calls = NodeCalls(environment), log = environment.log, (news, teller) = AsyncStream<Result<Note, Failure>>.makeStream()
        let follower = JobFollower(calls: calls, node: node, job: JobRequest(id: job, work: .guardPause(work), leaseSeconds: Self.leaseSeconds)) { event in
            guard case .note(let note) = event else { return }
            if note.code == "pause.guardian-reach" { teller.yield(.success(note)) } else if note.level != .info { log.warning("guardian: \(note.text)", ["pause": work.pause.rawValue]) }
        }
        following.put(Task {
            do { _ = try await follower.run() } catch { teller.yield(.failure(Failure(error))) }
            teller.finish()
        })
        let timer = Task {
            try? await Task.sleep(for: environment.limits.guardStart)
            if !Task.isCancelled { teller.yield(.failure(Failure("pause.guardian-cannot-reach", "it did not begin in time", recovery: .retry))) }
        }
        defer { timer.cancel() }
        for await outcome in news {
            switch outcome {
            case .success(let note): return note
            case .failure(let failure):
                following.cancel()
                await cancel(calls)
                throw failure
            }
        }
        throw Failure("pause.guardian-cannot-reach", "it ended at once", recovery: .retry)
    }

    func release(_ recorder: RunRecorder) async {
        let calls = NodeCalls(environment)
        following.cancel()
        if let failure = await cancel(calls) {
            await recorder.note(.warning, "the guardian on \(node.name) cannot be told that all is open; it looks for itself and ends: \(failure)", node: node.name, code: "pause.guardian-lost")
        }
    }

    @discardableResult
    private func cancel(_ calls: NodeCalls) async -> Failure? {
        let node = node, job = job
        // Also when the caller was cancelled.
        let outcome = await Task { try await calls.ask(node, .cancelJob(job)) }.result
        if case .failure(let error) = outcome { return Failure(error) }
        _ = await Task { try await calls.ask(node, .forgetJob(job)) }.result
        return nil
    }
}
