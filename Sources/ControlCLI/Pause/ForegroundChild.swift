import BackupModel
import Glibc
import Processes

/// A program that shares this one's terminal, files and process group.
final class ForegroundChild {
    enum Stop {
        /// What it does is worth nothing any more: it is killed when it does not end.
        case cutShort
        /// Somebody wants us to end: it is told the same, and has the time that it takes.
        case terminated
    }

    private static let graceMilliseconds = 10_000
    private static let lookMilliseconds = 10
    private let pid: pid_t

    /// - Parameter variables: `NAME=value`, in place of those of the same name.
    init(_ program: String, _ words: [String], variables: [String]) throws {
        do {
            pid = try ChildProcess.start(program, words, environment: ChildProcess.environment(with: variables), files: [(0, .inherited), (1, .inherited), (2, .inherited)])
        } catch {
            throw Failure("control.no-command", "\(quoted(words[0])) cannot be started", hint: "the application is opened again", cause: Failure("control.no-command", "\(error)"))
        }
    }

    /// Waits for its end.
    ///
    /// - Parameter stop: Asked again and again whether it has to end.
    /// - Returns: Its exit status, or 128 and the signal's number, as shells have it.
    func wait(_ stop: () -> Stop?) -> Int32 {
        var status: Int32 = 0, told = false, patience: Int?
        while waitpid(pid, &status, WNOHANG) != pid {
            if let reason = stop() {
                if !told { kill(pid, SIGTERM) }
                told = true
                if reason == .cutShort { patience = patience ?? Self.graceMilliseconds }
            }
            if let left = patience {
                if left == 0 { kill(pid, SIGKILL) }
                patience = left - Self.lookMilliseconds
            }
            usleep(UInt32(Self.lookMilliseconds) * 1000)
        }
        // WIFSIGNALED and its like are macros.
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    }
}
