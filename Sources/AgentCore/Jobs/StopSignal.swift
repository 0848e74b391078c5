package import BackupModel
import Synchronization

/// Why work is to stop, once it is: the first reason stays.
package final class StopSignal: Sendable {
    private let reason = Mutex<Failure?>(nil)

    package init() {}

    package func stop(_ failure: Failure) { reason.withLock { $0 = $0 ?? failure } }
    package var failure: Failure? { reason.withLock { $0 } }
    package var isSet: Bool { failure != nil }

    /// - Throws: The reason, when there is one.
    package func check() throws(Failure) {
        if let failure { throw failure }
    }
}
