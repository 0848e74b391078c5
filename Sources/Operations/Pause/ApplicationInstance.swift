import BackupModel
import ScalarAdmin
import Synchronization
import Threads

/// One instance of the application with the connection that is held open to it. Its calls are made one after the other, on a thread of its own: one that hangs
/// holds up no other instance.
final class ApplicationInstance: Sendable {
    let target: PauseTarget
    private let link: any ScalarAdminLink
    private let thread = BlockingPool(width: 1)
    private let journal: PauseJournal

    private struct State {
        var calling = 0
        var isPausing = false
        var isVerifiable = true
        var wasSentPause = false
        var isUnknown = false
        var takesPause = true
    }

    private let state = Mutex(State())

    init(_ link: any ScalarAdminLink, _ journal: PauseJournal) {
        target = link.target
        self.link = link
        self.journal = journal
    }

    /// A call is under way whose answer nobody waits for any more.
    var isBusy: Bool { state.withLock { $0.calling > 0 } }
    /// Whether it knows CheckPaused, as far as it was asked.
    var isVerifiable: Bool { state.withLock { $0.isVerifiable } }
    var connectionsMade: Int { link.connectionsMade }
    /// A Pause went there: it has to be proven open again.
    var wasSentPause: Bool { state.withLock { $0.wasSentPause } }
    /// A Pause went there of which nobody can say whether, and when, it takes effect.
    var mayPauseLate: Bool { state.withLock { $0.wasSentPause && ($0.isPausing || $0.isUnknown) } }

    /// From here on no Pause goes there any more: what is to be opened is known. One that is on its way makes it busy.
    func giveUpPausing() { state.withLock { $0.takesPause = false } }

    /// - Parameter waitSeconds: How long it may take to finish its outstanding requests.
    /// - Returns: When the answer came.
    func pause(waitSeconds: Int) async -> Result<ContinuousClock.Instant, ScalarAdminError> {
        // At once: whoever opens meanwhile sees either a call under way, or none that will ever come.
        let goes = state.withLock { state in
            guard state.takesPause else { return false }
            state.wasSentPause = true
            state.isPausing = true
            state.calling += 1
            return true
        }
        guard goes else { return .failure(.unreachable("given up before it was sent")) }
        let answer = await call(.pause, ok: { _ in "ok" }) { link throws(ScalarAdminError) in try link.pause(waitSeconds: waitSeconds) }
        state.withLock { state in
            state.calling -= 1
            state.isPausing = false
            switch answer {
            case .success: break
            case .failure(.unreachable), .failure(.tls): state.wasSentPause = false
            case .failure(let error): state.isUnknown = error.leavesStateUnknown
            }
        }
        return answer.map(\.at)
    }

    func unpause() async -> Result<ContinuousClock.Instant, ScalarAdminError> {
        await call(.unpause, ok: { _ in "ok" }) { link throws(ScalarAdminError) in try link.unpause() }.map(\.at)
    }

    /// nil: it cannot say.
    func isPaused() async -> Result<Bool?, ScalarAdminError> {
        let answer = await call(.checkPaused, ok: { $0 ? "paused" : "open" }) { link throws(ScalarAdminError) in try link.isPaused() }
        switch answer {
        case .success(let answer): return .success(answer.value)
        case .failure(let error) where error.isUnimplemented:
            state.withLock { $0.isVerifiable = false }
            return .success(nil)
        case .failure(let error): return .failure(error)
        }
    }

    private func call<Value: Sendable>(
        _ name: PauseCall.Name, ok: @escaping @Sendable (Value) -> String, _ body: @escaping @Sendable (any ScalarAdminLink) throws(ScalarAdminError) -> Value
    ) async -> Result<(value: Value, at: ContinuousClock.Instant), ScalarAdminError> {
        state.withLock { $0.calling += 1 }
        defer { state.withLock { $0.calling -= 1 } }
        do {
            return try await thread.run { [link, journal, target] in
                let sent = journal.now
                do throws(ScalarAdminError) {
                    let value = try body(link), answered = journal.now
                    journal.add(target, name, from: sent, to: answered, ok(value))
                    return .success((value, answered))
                } catch {
                    journal.add(target, name, from: sent, to: journal.now, error.isUnimplemented ? "unimplemented" : error.description)
                    return .failure(error)
                }
            }
        } catch {
            return .failure(.broken("\(error)"))
        }
    }
}

/// Runs `body` for all instances at once.
///
/// - Parameters:
///   - limit: After so long the answers that are there have to do: whoever has none is missing from the result. Its call goes on.
///   - gate: Its end ends the waiting too.
///   - isEnough: Ends the waiting early, when told of an answer that decides the matter.
func gather<Value: Sendable>(
    _ instances: [ApplicationInstance], within limit: Duration, until gate: WindowGate? = nil, isEnough: @escaping @Sendable (Value) -> Bool = { _ in false },
    _ body: @escaping @Sendable (ApplicationInstance) async -> Value
) async -> [PauseTarget: Value] {
    let answers = Gathering<Value>(expected: instances.count)
    for instance in instances {
        Task {
            let value = await body(instance)
            answers.put(instance.target, value, last: isEnough(value))
        }
    }
    let timer = Task {
        try? await Task.sleep(for: limit)
        if !Task.isCancelled { answers.close() }
    }
    gate?.onEnd { _ in answers.close() }
    defer { timer.cancel() }
    return await answers.all()
}

private final class Gathering<Value: Sendable>: Sendable {
    private struct State {
        var answers: [PauseTarget: Value] = [:]
        var isClosed = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private let expected: Int

    init(expected: Int) { self.expected = expected }

    func put(_ target: PauseTarget, _ value: Value, last: Bool) {
        end { state in
            guard !state.isClosed else { return false }
            state.answers[target] = value
            return last || state.answers.count == expected
        }
    }

    func close() { end { _ in true } }

    private func end(_ body: (inout State) -> Bool) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard body(&state) else { return nil }
            state.isClosed = true
            return state.waiter.take()
        }
        waiter?.resume()
    }

    func all() async -> [PauseTarget: Value] {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.isClosed || expected == 0 { return true }
                state.waiter = continuation
                return false
            }
            if isThere { continuation.resume() }
        }
        return state.withLock { $0.answers }
    }
}
