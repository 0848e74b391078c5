import BackupModel
import Synchronization

/// Counts what is done from any thread. Somebody else looks now and then.
final class ProgressMeter: Sendable {
    private let state: Mutex<(progress: Progress, changed: Bool)>

    init(phase: String) { state = Mutex((Progress(phase: phase), false)) }

    func update(_ body: (inout Progress) -> Void) {
        state.withLock {
            body(&$0.progress)
            $0.changed = true
        }
    }

    /// Nil when nothing has changed since it was last taken.
    func take() -> Progress? {
        state.withLock { state in
            defer { state.changed = false }
            return state.changed ? state.progress : nil
        }
    }
}
