import Glibc
import Synchronization

/// Threads for calls that block (files, hashing, a store's requests), so that they never hold a thread of Swift's cooperative pool.
///
/// A thread is made for a call when none is idle and fewer than `width` exist; calls beyond that wait their turn, first come first served.
package final class BlockingPool: Sendable {
    private struct State {
        var waiting: [@Sendable () -> Void] = []
        var threads = 0
    }

    private let state = Mutex(State())
    private let width: Int

    package init(width: Int) {
        precondition(width > 0)
        self.width = width
    }

    /// Runs `body` on a thread of the pool. Cancelling the calling task does not stop `body`: pass it a flag of its own where that matters.
    package func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            submit { continuation.resume(with: Result { try body() }) }
        }
    }

    private func submit(_ work: @escaping @Sendable () -> Void) {
        let startThread = state.withLock { state in
            state.waiting.append(work)
            guard state.threads < width else { return false }
            state.threads += 1
            return true
        }
        if startThread { Thread.detach { self.work() } }
    }

    private func work() {
        while let next = state.withLock({ state -> (@Sendable () -> Void)? in
            if state.waiting.isEmpty {
                state.threads -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }) { next() }
    }
}
