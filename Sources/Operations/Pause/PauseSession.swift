import BackupModel
import Catalog
import NodeDispatch
import ScalarAdmin
import Synchronization

/// One pause of an application, from the intent to the proof that every instance is open again.
///
/// | what | where it stands when the master is killed then |
/// |---|---|
/// | intent and the targets' locks in the catalogue | nothing was sent; the next start looks and ends it |
/// | guardians beside the master and on a node | they open what is paused, within seconds; the next start does the same |
/// | Pause to all, CheckPaused of all | as above |
/// | the window: `body` | as above |
/// | CheckPaused of all, Unpause of all, CheckPaused of all | as above |
/// | guardians released, calls and window recorded, locks given back | as above; there is nothing left to open |
///
/// Nothing but `body` happens in the window; the catalogue is not written. Cancelling the caller's task ends the window at once; opening is never cancelled.
struct PauseSession: Sendable {
    let id: PauseID
    let application: ApplicationRecord
    let access: PauseAccess
    let environment: OperationsEnvironment
    let recorder: RunRecorder
    let instances: [ApplicationInstance]
    let journal: PauseJournal
    /// Longest time that the window may be open.
    let longest: Duration
    /// Nodes whose agents may be the second guardian, in the order in which they are tried.
    let guardNodes: [NodeTarget]

    var settings: ApplicationSettings { application.settings }
    var catalog: Catalog { environment.catalog }

    init(
        _ environment: OperationsEnvironment, _ application: ApplicationRecord, id: PauseID? = nil, recorder: RunRecorder, longest: Duration? = nil, guardNodes: [NodeTarget]
    ) async throws {
        let preparation = PausePreparation(environment: environment, application: application), journal = PauseJournal()
        self.id = id ?? environment.newULID()
        self.application = application
        self.access = try await preparation.access()
        self.environment = environment
        self.recorder = recorder
        self.journal = journal
        self.longest = longest ?? .seconds(application.settings.windowSeconds)
        self.guardNodes = guardNodes
        instances = preparation.instances(access, journal)
        try await preparation.check(instances)
    }

    /// What came of a pause that was achieved.
    struct Held<Value: Sendable>: Sendable {
        var result: Result<Value, any Error>
        var window: PauseWindow
    }

    /// Pauses, runs `body` in the window, opens.
    ///
    /// - Parameters:
    ///   - before: Done when the guardians watch, as the last thing before the first Pause.
    ///   - body: Given the window's clock. Cancelled when the window has to end before it does; it is waited for after all is open again.
    /// - Returns: Only after every instance is proven open.
    /// - Throws: `Failure` when not all instances could be paused (they are open again), or when one could not be opened (`pause.not-opened`: the worst).
    func hold<Value: Sendable>(
        before: @escaping @Sendable () async throws -> Void = {}, _ body: @escaping @Sendable (WindowClock) async throws -> Value
    ) async throws -> Held<Value> {
        let gate = WindowGate()
        // A task of its own: whoever cancels ours ends the window, and never the opening.
        let work = Task { try await held(before, body, gate) }
        return try await withTaskCancellationHandler { try await work.value } onCancel: { gate.end(.cancelled) }
    }

    private func held<Value: Sendable>(
        _ before: @Sendable () async throws -> Void, _ body: @escaping @Sendable (WindowClock) async throws -> Value, _ gate: WindowGate
    ) async throws -> Held<Value> {
        let began = journal.now, prelude = environment.limits.pausePrelude
        let lasts = Int(prelude.components.seconds) + settings.drainSeconds + 10 + Int(longest.components.seconds) + 1
        let record = PauseRecord(
            id: id, run: recorder.run, application: application.name, access: access, intendedAt: environment.clock(), deadlineAt: environment.clock().advanced(by: lasts * 1000))
        try await catalog.beginPause(record)
        let guards: PauseGuardPair
        do {
            guards = try await startGuards(lasts)
        } catch {
            await endUnsent()
            throw error
        }
        do {
            try await before()
            if gate.reason == .cancelled { throw CancellationError() }
            try guards.check()
            // The guardians' time runs already: nothing is paused that they would open too early.
            guard journal.now - began < prelude else {
                throw Failure("pause.prelude-too-long", "what comes before the pause took longer than \(prelude.components.seconds) s", hint: "are the nodes' disks busy? try a quieter hour", recovery: .retry)
            }
        } catch {
            await guards.release(openIsProven: true, recorder)
            await endUnsent()
            throw error
        }
        return try await paused(body, gate, guards)
    }

    private func paused<Value: Sendable>(
        _ body: @escaping @Sendable (WindowClock) async throws -> Value, _ gate: WindowGate, _ guards: PauseGuardPair
    ) async throws -> Held<Value> {
        let pausing = await pauseAll(gate)
        guard case .success(let clock) = pausing else {
            let opening = await openAll()
            try await conclude(opening, window: nil, guards)
            guard case .failure(let failure) = pausing else { preconditionFailure() }
            throw failure
        }
        let watched = await inWindow(body, clock, gate)
        let closed = (at: environment.clock(), instant: journal.now)
        let opening = await openAll()
        let result = await watched.result()
        let window = window(clock, closed, opening, watched.doubts)
        try await conclude(opening, window: window, guards)
        return Held(result: result, window: window)
    }

    private func window(
        _ clock: WindowClock, _ closed: (at: Timestamp, instant: ContinuousClock.Instant), _ opening: Opening, _ doubts: [PauseDoubt]
    ) -> PauseWindow {
        let calls = journal.all, allowance = settings.clockAllowanceMilliseconds
        let safe = TimeSpan(from: clock.startedAt.advanced(by: allowance), to: closed.at.advanced(by: -allowance))
        let first = calls.first { $0.name == .pause }?.sentMicroseconds ?? 0
        return PauseWindow(
            pause: id, application: application.name, targets: access.targets, started: clock.startedAt, ended: closed.at,
            windowMicroseconds: (closed.instant - clock.started).microseconds, outageMicroseconds: journal.microseconds(opening.provenAt) - first,
            safe: safe.from < safe.to ? safe : nil, calls: calls, nodes: [], unverified: instances.filter { !$0.isVerifiable }.map(\.target), doubts: doubts)
    }
}

/// The window's beginning, by both clocks.
struct WindowClock: Sendable {
    let started: ContinuousClock.Instant
    let startedAt: Timestamp

    func microseconds(_ instant: ContinuousClock.Instant) -> Int { (instant - started).microseconds }
}

/// Why a window ends before its body does.
enum WindowEnd: Hashable, Sendable {
    case cancelled
    case tooLong
    /// An instance was found open, or did not answer.
    case broken
}

/// Lets whoever must end a window reach it.
final class WindowGate: Sendable {
    private struct State {
        var reason: WindowEnd?
        var onEnd: (@Sendable (WindowEnd) -> Void)?
    }

    private let state = Mutex(State())
    var reason: WindowEnd? { state.withLock { $0.reason } }

    /// The first reason stands.
    func end(_ reason: WindowEnd) {
        let act = state.withLock { state -> (@Sendable (WindowEnd) -> Void)? in
            guard state.reason == nil else { return nil }
            state.reason = reason
            return state.onEnd.take()
        }
        act?(reason)
    }

    /// Called at once when the end has come already.
    func onEnd(_ act: @escaping @Sendable (WindowEnd) -> Void) {
        let reason = state.withLock { state in
            if state.reason == nil { state.onEnd = act }
            return state.reason
        }
        if let reason { act(reason) }
    }
}
