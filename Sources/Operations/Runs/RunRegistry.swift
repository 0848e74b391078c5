package import BackupModel
import Catalog
import Logging

/// Owns the task of every run in work: one way in, one way out, and nothing goes on unseen.
package actor RunRegistry {
    private struct Entry {
        let task: Task<Void, Never>
        let control: RunControl
    }

    private let environment: OperationsEnvironment
    private var entries: [RunID: Entry] = [:]
    private var closed = false

    package init(environment: OperationsEnvironment) { self.environment = environment }

    package var running: Int { entries.count }

    /// Starts `body` for a run that stands in the catalogue as running and holds its cluster's lock. Ends the run and gives the lock back when it is through.
    func start(_ run: RunRecord, _ body: @escaping @Sendable (RunRecorder) async throws -> Void) {
        guard !closed else { return }
        let control = RunControl()
        let recorder = RunRecorder(run: run.id, environment: environment, control: control)
        let task = Task {
            await self.carryOut(run, recorder, body)
            self.remove(run.id)
        }
        entries[run.id] = Entry(task: task, control: control)
    }

    /// - Returns: False when no such run is in work.
    package func cancel(_ run: RunID) -> Bool {
        entries[run]?.task.cancel()
        return entries[run] != nil
    }

    package func wait(for run: RunID) async { await entries[run]?.task.value }

    /// Stops following every run without ending it: agents' jobs go on, and the next start of the master takes the runs up again.
    package func suspendAll() async {
        closed = true
        for entry in entries.values {
            entry.control.suspend()
            entry.task.cancel()
        }
        for entry in entries.values { await entry.task.value }
    }

    private func remove(_ run: RunID) { entries[run] = nil }

    private nonisolated func carryOut(_ run: RunRecord, _ recorder: RunRecorder, _ body: @Sendable (RunRecorder) async throws -> Void) async {
        var state = RunState.succeeded, failure: Failure?
        do {
            try await body(recorder)
        } catch {
            if recorder.control.isSuspending { return }
            let told = Failure(error)
            failure = told
            state = told.code == "run.cancelled" ? .cancelled : told.code == "run.partly-failed" ? .partlyFailed : .failed
            await recorder.note(.error, told.description, node: told.node, code: told.code)
        }
        await end(run, state, failure, recorder.control)
    }

    /// Tried until it is written: a run that is over must not read as running, nor hold its cluster, because the catalogue was locked or full just then.
    private nonisolated func end(_ run: RunRecord, _ state: RunState, _ failure: Failure?, _ control: RunControl) async {
        while true {
            do {
                if state != .succeeded { try await environment.settle(run.id) }
                try await environment.catalog.endRun(run.id, state: state, failure: failure, at: environment.clock())
                try await environment.catalog.releaseLock(run.clusterID, run: run.id)
                return
            } catch {
                environment.log.error("cannot record the end of run \(run.id): \(Failure(error))")
                // The next start ends it.
                if control.isSuspending || Failure(error).code == "catalog.closed" { return }
                // In a task of its own: ours may be cancelled.
                await Task { try? await Task.sleep(for: environment.limits.catalogRetry) }.value
            }
        }
    }
}
