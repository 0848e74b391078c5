package import BackupModel
import Catalog

/// What a pause by itself is for: a time to hold it, or a command of the operator's that runs elsewhere.
package struct PauseRequest: Codable, Hashable, Sendable {
    package var application: ApplicationName
    /// How long it is held; nil: until the command is over.
    package var holdMilliseconds: Int?
    package var byCommand: Bool
    /// Longest time of the window; nil: the application's own.
    package var maxSeconds: Int?
    package init(application: ApplicationName, holdMilliseconds: Int? = nil, byCommand: Bool = false, maxSeconds: Int? = nil) {
        self.application = application
        self.holdMilliseconds = holdMilliseconds
        self.byCommand = byCommand
        self.maxSeconds = maxSeconds
    }
}

/// `pause hold` and `pause run`: a window that is proven and kept, around nothing or around somebody else's command.
struct PauseOperation: Sendable {
    let environment: OperationsEnvironment
    let application: ApplicationRecord
    let request: PauseRequest
    let session: PauseSession
    let desk: PauseDesk
    let recorder: RunRecorder

    func perform() async throws {
        let held = try await recorder.stage("hold") { try await session.hold { try await wait($0) } }
        var window = held.window
        window.doubts += try await recorder.stage("compare") { await PauseComparison(environment: environment, application: application).targets(window.targets) }
        if case .failure(let error) = held.result, window.doubts.isEmpty { window.doubts.append(PauseDoubt("pause.not-finished", Failure(error).description)) }
        try await environment.catalog.setPause(session.id, window: window)
        try await conclude(held.result, window)
    }

    private func conclude(_ result: Result<Int, any Error>, _ window: PauseWindow) async throws {
        for doubt in window.doubts { await recorder.note(.warning, doubt.text, code: doubt.code) }
        if case .failure(let error) = result { throw error }
        guard window.isConsistent else { throw PauseWindow.notConsistent(window.doubts, what: "what was done in the window of pause \(window.pause)") }
        await recorder.note(.info, "'\(application.name)' was paused from \(window.started) to \(window.ended)" + (window.safe.map { ", safely from \($0.from) to \($0.to)" } ?? ""))
        let status = try result.get()
        guard status == 0 else { throw Failure("pause.command-failed", "the command in the window ended with status \(status)", hint: "the window itself is sound: aeneas pause show \(window.pause)") }
    }

    /// - Returns: The command's exit status; 0 when there is none.
    private func wait(_ window: WindowClock) async throws -> Int {
        let clock = ContinuousClock(), began = clock.now
        _ = desk.heard(session.id)
        // Who waits for it to be open learns it here.
        try await environment.catalog.setPause(session.id, state: .paused, windowAt: window.startedAt)
        while true {
            try Task.checkCancellation()
            if let hold = request.holdMilliseconds, clock.now - began >= .milliseconds(hold) { return 0 }
            guard let entry = desk.entry(session.id) else { throw Failure("pause.not-open", "pause \(session.id) is over") }
            if entry.isEnded { throw Failure("pause.ended-by-hand", "the pause was ended by a person") }
            if let status = entry.exitStatus { return status }
            if request.byCommand, clock.now - entry.heard > environment.limits.commandSilence {
                throw Failure("pause.command-silent", "nothing was heard of the command in the window for \(environment.limits.commandSilence.components.seconds) s", hint: "was 'aeneas pause run' killed?")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}

extension PauseWindow {
    static func notConsistent(_ doubts: [PauseDoubt], what: String) -> Failure {
        let first = doubts.first?.text ?? "", more = doubts.count > 1 ? " (and \(doubts.count - 1) more reasons)" : ""
        return Failure("backup.not-consistent", "\(what) is not consistent: \(first)\(more)", hint: "nothing of it may be relied on as one moment; the reasons stand in the run's events", recovery: .retry)
    }
}
