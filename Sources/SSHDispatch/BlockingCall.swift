import Synchronization
import Threads

/// Runs `body` on a thread of its own. When the task is cancelled it waits no longer: the thread ends when it can, and its result is dropped.
func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    let answer = Answer<Value>()
    return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { continuation in
            answer.expect(continuation)
            Thread.detach {
                blockSignals()
                answer.give(Result { try body() })
            }
        }
    } onCancel: {
        answer.give(.failure(CancellationError()))
    }
}

/// Hands the first of two results to one who waits.
private final class Answer<Value: Sendable>: Sendable {
    private enum State {
        case nobodyWaits
        case waiting(CheckedContinuation<Value, any Error>)
        case early(Result<Value, any Error>)
        case given
    }

    private let state = Mutex(State.nobodyWaits)

    func expect(_ continuation: CheckedContinuation<Value, any Error>) {
        let early: Result<Value, any Error>? = state.withLock { state in
            if case .early(let result) = state {
                state = .given
                return result
            }
            state = .waiting(continuation)
            return nil
        }
        if let early { continuation.resume(with: early) }
    }

    func give(_ result: Result<Value, any Error>) {
        let waiting: CheckedContinuation<Value, any Error>? = state.withLock { state in
            switch state {
            case .nobodyWaits: state = .early(result)
            case .waiting(let continuation):
                state = .given
                return continuation
            case .early, .given: break
            }
            return nil
        }
        waiting?.resume(with: result)
    }
}
