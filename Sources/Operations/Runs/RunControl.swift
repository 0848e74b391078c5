import Synchronization

/// Whether a run that is being ended was cancelled by somebody or is only left for the next start of the master.
final class RunControl: Sendable {
    private let suspending = Mutex(false)
    var isSuspending: Bool { suspending.withLock { $0 } }
    func suspend() { suspending.withLock { $0 = true } }
}
