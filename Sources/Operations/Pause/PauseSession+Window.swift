import BackupModel
import Catalog
import ScalarAdmin
import Synchronization

extension PauseSession {
    /// Pauses every instance, waits until each has finished what was under way, and asks each whether it is paused.
    ///
    /// The first that fails decides: the others are not waited for.
    func pauseAll(_ gate: WindowGate) async -> Result<WindowClock, Failure> {
        let drain = settings.drainSeconds
        let answers = await gather(instances, within: .seconds(max(30, drain) + 6), until: gate, isEnough: { (answer: Result<ContinuousClock.Instant, ScalarAdminError>) in
            if case .failure = answer { true } else { false }
        }) { await $0.pause(waitSeconds: drain) }
        let startedAt = environment.clock()
        if let failure = instances.compactMap({ pauseFailure($0.target, answers[$0.target]) }).first(where: { $0.code != "pause.not-waited-for" }) { return .failure(failure) }
        if gate.reason != nil { return .failure(Failure("run.cancelled", "cancelled", recovery: .retry)) }
        let times = instances.compactMap { try? answers[$0.target]?.get() }
        guard times.count == instances.count, let last = times.max() else {
            return .failure(Failure("pause.no-answer", "not every instance of '\(application.name)' answered to Pause", recovery: .retry))
        }
        let clock = WindowClock(started: last, startedAt: startedAt)
        if let failure = await notHeld(within: .seconds(settings.callSeconds)).first {
            return .failure(Failure(failure.code, failure.text, hint: "does somebody else pause and unpause '\(application.name)'?", recovery: .retry))
        }
        return .success(clock)
    }

    private func pauseFailure(_ target: PauseTarget, _ answer: Result<ContinuousClock.Instant, ScalarAdminError>?) -> Failure? {
        guard let answer else { return Failure("pause.not-waited-for", "instance \(target) was not waited for", recovery: .retry) }
        guard case .failure(let error) = answer else { return nil }
        let name = "instance \(target) of '\(application.name)'"
        switch error {
        case .status(.failedPrecondition, _), .status(.internal, _):
            return Failure(
                "pause.drain-failed", "\(name) did not finish its outstanding requests within \(settings.drainSeconds) s", hint: "are there long transactions? a longer --drain, or a quieter hour",
                recovery: .retry, cause: Failure("pause.answer", "it answered \(error)"))
        case .deadline(let seconds):
            return Failure("pause.no-answer", "\(name) did not answer to Pause within \(seconds) s", hint: "is it alive? aeneas application check \(application.name)", recovery: .retry)
        default: return Failure("pause.failed", "\(name) cannot be paused: \(error)", hint: "aeneas application check \(application.name)", recovery: .retry)
        }
    }

    /// Asks all instances that can say so whether they are paused, and whether the connections are those of the beginning.
    func notHeld(within limit: Duration) async -> [PauseDoubt] {
        let asked = instances.filter(\.isVerifiable)
        let answers = await gather(asked, within: limit) { await $0.isPaused() }
        var doubts = asked.compactMap { instance -> PauseDoubt? in
            switch answers[instance.target] {
            case .success(true?): nil
            case .success(false?): PauseDoubt("pause.target-open", "instance \(instance.target) of '\(application.name)' was open inside the window")
            case .success(nil): PauseDoubt("pause.unverifiable", "instance \(instance.target) of '\(application.name)' cannot say whether it is paused")
            case .failure(let error): PauseDoubt("pause.target-silent", "instance \(instance.target) of '\(application.name)' did not say whether it is paused: \(error)")
            case nil: PauseDoubt("pause.target-silent", "instance \(instance.target) of '\(application.name)' did not say in time whether it is paused")
            }
        }
        doubts += instances.filter { $0.connectionsMade > 1 }.map {
            PauseDoubt("pause.target-restarted", "the connection to instance \($0.target) of '\(application.name)' was lost inside the window: it may have restarted, and be open")
        }
        return doubts
    }

    /// What a window gave, and what speaks against it.
    struct Watched<Value: Sendable>: Sendable {
        /// Waits for the body when the window ended without it.
        var result: @Sendable () async -> Result<Value, any Error>
        var doubts: [PauseDoubt]
    }

    /// Runs `body`; ends early when it takes too long, when somebody cancels, or when an instance turns out not to be paused.
    func inWindow<Value: Sendable>(_ body: @escaping @Sendable (WindowClock) async throws -> Value, _ clock: WindowClock, _ gate: WindowGate) async -> Watched<Value> {
        let task = Task { try await body(clock) }
        let found = Mutex<[PauseDoubt]>([]), waiting = WindowWaiting()
        gate.onEnd { _ in
            task.cancel()
            waiting.end()
        }
        let ending = Task {
            _ = await task.result
            waiting.end()
        }
        let timer = Task {
            try? await Task.sleep(for: longest)
            if !Task.isCancelled { gate.end(.tooLong) }
        }
        let poller = Task { await poll(gate) { doubts in found.withLock { $0 += doubts } } }
        await waiting.wait()
        timer.cancel()
        poller.cancel()
        ending.cancel()
        var doubts: [PauseDoubt]
        switch gate.reason {
        case nil: doubts = await notHeld(within: .seconds(min(2, settings.callSeconds)))
        case .tooLong: doubts = [PauseDoubt("pause.window-too-long", "the window was ended after \(longest.components.seconds) s, before what it was for was done")]
        case .cancelled: doubts = [PauseDoubt("pause.cancelled", "the window was ended by a cancellation")]
        case .broken: doubts = found.withLock { $0 }
        }
        for instance in instances where !instance.isVerifiable && !doubts.contains(where: { $0.code == "pause.unverifiable" }) {
            doubts.append(PauseDoubt("pause.unverifiable", "instance \(instance.target) of '\(application.name)' cannot say whether it is paused"))
        }
        return Watched(result: { await task.result }, doubts: doubts)
    }

    private func poll(_ gate: WindowGate, _ found: @Sendable ([PauseDoubt]) -> Void) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: environment.limits.pausePoll)
            if Task.isCancelled { return }
            let doubts = await notHeld(within: .seconds(settings.callSeconds))
            if Task.isCancelled { return }
            if !doubts.isEmpty {
                found(doubts)
                return gate.end(.broken)
            }
        }
    }
}

/// One waiter, ended once.
private final class WindowWaiting: Sendable {
    private struct State {
        var isOver = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func end() {
        let waiter = state.withLock { state in
            state.isOver = true
            return state.waiter.take()
        }
        waiter?.resume()
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.isOver { state.waiter = continuation }
                return state.isOver
            }
            if isOver { continuation.resume() }
        }
    }
}
