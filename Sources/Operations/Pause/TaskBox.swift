import Synchronization

/// The owner of a task that is made after it.
final class TaskBox: Sendable {
    private let task = Mutex<Task<Void, Never>?>(nil)
    func put(_ new: Task<Void, Never>) { task.withLock { $0 = new } }
    func cancel() { task.withLock { $0 }?.cancel() }
    deinit { task.withLock { $0 }?.cancel() }
}
