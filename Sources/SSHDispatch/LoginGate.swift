import Synchronization

/// Lets so many through at a time, in order.
final class LoginGate: Sendable {
    private struct State {
        var free: Int
        var next = 0
        var waiting: [(id: Int, CheckedContinuation<Void, any Error>)] = []
    }

    private let state: Mutex<State>

    /// - Parameter width: At least 1.
    init(width: Int) { state = Mutex(State(free: width)) }

    /// - Throws: `CancellationError`; then there is nothing to leave.
    func enter() async throws {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (waiter: CheckedContinuation<Void, any Error>) in
                let result: Result<Void, any Error>? = state.withLock { state in
                    // Looked at under the lock: a cancellation before it finds no waiter to resume, one after it does.
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if state.free > 0 {
                        state.free -= 1
                        return .success(())
                    }
                    state.waiting.append((id, waiter))
                    return nil
                }
                if let result { waiter.resume(with: result) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiting.firstIndex { $0.id == id }.map { state.waiting.remove(at: $0).1 }
            }
            waiter?.resume(throwing: CancellationError())
        }
    }

    func leave() {
        let next = state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.free += 1
                return nil as CheckedContinuation<Void, any Error>?
            }
            return state.waiting.removeFirst().1
        }
        next?.resume()
    }
}
