import Glibc
import Synchronization

private let interrupted = Atomic<Bool>(false)

/// Turns SIGINT into a flag while `body` runs; a second one ends the process as it usually does.
enum Interruption {
    static var happened: Bool { interrupted.load(ordering: .relaxed) }

    static func deferred<Value>(_ body: () throws -> Value) rethrows -> Value {
        interrupted.store(false, ordering: .relaxed)
        var action = sigaction(), before = sigaction()
        action.__sigaction_handler.sa_handler = { _ in interrupted.store(true, ordering: .relaxed) }
        action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
        sigaction(SIGINT, &action, &before)
        defer { sigaction(SIGINT, &before, nil) }
        return try body()
    }
}
