package import BackupModel
import Catalog
import Logging
import ScalarAdmin

/// Goes on opening the instances of pauses that nobody holds any more: what a stopped master left, and what could not be opened at once. Without end, until each is proven open.
package actor PauseKeeper {
    private var tasks: [PauseID: Task<Void, Never>] = [:]
    private var closed = false

    package init() {}

    /// Pauses in the works here.
    package var open: [PauseID] { tasks.keys.sorted() }

    func take(_ id: PauseID, _ environment: OperationsEnvironment) {
        guard !closed, tasks[id] == nil else { return }
        tasks[id] = Task {
            await Self.keep(id, environment)
            self.remove(id)
        }
    }

    func wait(for id: PauseID) async { await tasks[id]?.value }

    /// Gives up trying: the guardians and the next start go on.
    package func suspend() async {
        closed = true
        for task in tasks.values { task.cancel() }
        for task in tasks.values { await task.value }
    }

    private func remove(_ id: PauseID) { tasks[id] = nil }

    private nonisolated static func keep(_ id: PauseID, _ environment: OperationsEnvironment) async {
        do {
            let pause = try await environment.catalog.pause(id)
            guard pause.state != .ended else { return }
            let application = pause.application
            environment.log.warning(
                "pause \(id) of '\(application)' was left open: opening \(pause.access.targets.map(\.description).joined(separator: ", "))", ["pause": id.rawValue])
            let journal = PauseJournal(), opener = PauseOpener(environment: environment, journal: journal), stop = StopFlag()
            let late = await lateTime(pause, environment)
            await withTaskCancellationHandler {
                while !stop.isSet {
                    guard await opener.open(pause.access.targets, pause.access, isOver: { _, _ in stop.isSet }).isEmpty else { continue }
                    if late == .zero { return }
                    if await opener.watch(pause.access.targets, pause.access, for: late, unless: { stop.isSet }).isEmpty { return }
                }
            } onCancel: {
                stop.set()
            }
            if Task.isCancelled { return }
            guard await recordEnd(id, environment) else { return }
            try await environment.catalog.appendPauseCalls(id, journal.all)
            await RunRecorder(run: pause.run, environment: environment, control: RunControl()).note(
                .warning, "every instance of '\(application)' is open: pause \(id) had been left open", code: "pause.ended-late")
        } catch {
            environment.log.error("\(Failure(error))", ["pause": id.rawValue])
        }
    }

    /// Tried until it is written: as long as it is not, nobody else may pause these instances.
    ///
    /// - Returns: False when the master stops before.
    private nonisolated static func recordEnd(_ id: PauseID, _ environment: OperationsEnvironment) async -> Bool {
        while !Task.isCancelled {
            do {
                try await environment.catalog.endPause(id, at: environment.clock())
                return true
            } catch {
                environment.log.error("the end of pause \(id) cannot be recorded: \(Failure(error))", ["pause": id.rawValue])
                if case .closed = error { return false }
                try? await Task.sleep(for: environment.limits.catalogRetry)
            }
        }
        return false
    }

    /// For how long a Pause whose answer nobody got may still take effect.
    private nonisolated static func lateTime(_ pause: PauseRecord, _ environment: OperationsEnvironment) async -> Duration {
        guard pause.state == .intended else { return .zero }
        let drain = (try? await environment.catalog.application(named: pause.application).settings.drainSeconds) ?? 30
        let left = pause.intendedAt.milliseconds + drain * 1000 - environment.clock().milliseconds
        return .milliseconds(max(0, min(left, drain * 1000))) + environment.limits.lateMargin
    }
}
