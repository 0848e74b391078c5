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
        // A parent may have left it blocked.
        var mask = sigset_t(), maskBefore = sigset_t()
        sigemptyset(&mask)
        sigaddset(&mask, SIGINT)
        pthread_sigmask(SIG_UNBLOCK, &mask, &maskBefore)
        defer {
            pthread_sigmask(SIG_SETMASK, &maskBefore, nil)
            sigaction(SIGINT, &before, nil)
        }
        return try body()
    }
}
