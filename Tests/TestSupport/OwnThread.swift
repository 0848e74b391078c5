import Foundation

/// Runs what blocks on a thread of its own: tests share Swift's cooperative pool, and where all its threads wait, no async code can answer them.
package func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}
