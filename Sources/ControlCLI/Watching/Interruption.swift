import Glibc
import Synchronization

private let interrupted = Atomic<Bool>(false)
private let terminated = Atomic<Bool>(false)

/// Turns signals into flags while a body runs.
enum Interruption {
    /// SIGINT came.
    static var happened: Bool { interrupted.load(ordering: .relaxed) }
    /// SIGTERM or SIGHUP came, where `enduring` takes them.
    static var endsProgram: Bool { terminated.load(ordering: .relaxed) }

    /// SIGINT alone; a second one ends the process as it usually does.
    static func deferred<Value>(_ body: () throws -> Value) rethrows -> Value {
        interrupted.store(false, ordering: .relaxed)
        return try with([SIGINT], flags: Int32(bitPattern: UInt32(SA_RESETHAND)), body)
    }

    /// SIGINT, SIGQUIT, SIGTERM and SIGHUP, however often they come, unless they are ignored (nohup). What runs meanwhile as a child gets those of the terminal as well.
    static func enduring<Value>(_ body: () throws -> Value) rethrows -> Value {
        interrupted.store(false, ordering: .relaxed)
        terminated.store(false, ordering: .relaxed)
        return try with([SIGINT, SIGQUIT, SIGTERM, SIGHUP].filter { !isIgnored($0) }, flags: 0, body)
    }

    private static func isIgnored(_ signal: Int32) -> Bool {
        var action = sigaction()
        sigaction(signal, nil, &action)
        // SIG_IGN is a cast that Swift does not import.
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    }

    private static func with<Value>(_ signals: [Int32], flags: Int32, _ body: () throws -> Value) rethrows -> Value {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { signal in
            if signal == SIGTERM || signal == SIGHUP { terminated.store(true, ordering: .relaxed) } else { interrupted.store(true, ordering: .relaxed) }
        }
        action.sa_flags = flags
        // A parent may have left them blocked.
        var mask = sigset_t(), maskBefore = sigset_t()
        sigemptyset(&mask)
        let before = signals.map { signal in
            var before = sigaction()
            sigaction(signal, &action, &before)
            sigaddset(&mask, signal)
            return before
        }
        pthread_sigmask(SIG_UNBLOCK, &mask, &maskBefore)
        defer {
            pthread_sigmask(SIG_SETMASK, &maskBefore, nil)
            for (signal, action) in zip(signals, before) {
                var action = action
                sigaction(signal, &action, nil)
            }
        }
        return try body()
    }
}
