import BackupModel
import Glibc
import Synchronization
import Threads

/// A program run without a shell: its own process group, nothing on its stdin, the last of its output kept.
///
/// What it leaves running (a daemon) may keep the output open: that is read as long as this process lives, so that nobody blocks on it, and never waited for.
final class Command: Sendable {
    static let kept = 4096
    private let pid: pid_t
    private let output = Mutex<[UInt8]>([])
    let name: String

    enum Ending: Hashable { case exited(Int32), signalled(Int32), outOfTime }

    /// - Throws: `service.not-startable` when there is no such program.
    init(_ arguments: [String]) throws {
        guard let program = arguments.first, !program.isEmpty, !arguments.contains(where: { $0.utf8.contains(0) }) else {
            throw Failure("service.no-command", "the command is empty", hint: "set the cluster's command for stopping and starting Cassandra")
        }
        name = program
        let (reading, writing) = try LibC.pipe(for: program)
        pid = try Spawn.run(program, arguments, files: [(0, .devNull), (1, .descriptor(writing.descriptor)), (2, .descriptor(writing.descriptor))], ownGroup: true)
        Thread.detach { [self] in
            try? reading.forEachChunk { chunk in
                output.withLock {
                    $0.append(contentsOf: chunk.suffix(Self.kept))
                    if $0.count > Self.kept { $0.removeFirst($0.count - Self.kept) }
                }
            }
        }
    }

    /// Waits for its end. On a stop or out of time it gets TERM, and KILL five seconds later.
    func wait(until deadline: Double, stop: StopSignal) throws -> Ending {
        while true {
            if let ending = reap() {
                usleep(50_000)
                return ending
            }
            if stop.isSet || Monotonic.seconds > deadline {
                end()
                try stop.check()
                return .outOfTime
            }
            usleep(20_000)
        }
    }

    private func end() {
        kill(pid, SIGTERM)
        let last = Monotonic.seconds + 5
        while reap() == nil {
            if Monotonic.seconds > last { kill(pid, SIGKILL) }
            usleep(20_000)
        }
    }

    private func reap() -> Ending? {
        var status: Int32 = 0
        guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
        return status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signalled(status & 0x7F)
    }

    /// The last 4 KiB that it printed so far.
    var said: String { String(decoding: output.withLock { $0 }, as: UTF8.self) }
}

enum Spawn {
    enum Source { case devNull, descriptor(Int32), appending(String) }

    /// Starts a program with those descriptors and no others, signals as they are by default.
    ///
    /// - Parameters:
    ///   - program: With a '/' a path, otherwise looked for in PATH.
    ///   - ownSession: Away from the caller's terminal and login.
    static func run(_ program: String, _ arguments: [String], files: [(Int32, Source)], ownGroup: Bool = false, ownSession: Bool = false) throws -> pid_t {
        var actions = posix_spawn_file_actions_t(), attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for (descriptor, source) in files {
            switch source {
            case .devNull: posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDONLY, 0)
            case .descriptor(let from): posix_spawn_file_actions_adddup2(&actions, from, descriptor)
            case .appending(let path): posix_spawn_file_actions_addopen(&actions, descriptor, path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600)
            }
        }
        var none = sigset_t(), all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        // 0x80 is POSIX_SPAWN_SETSID, which glibc shows to GNU sources only.
        let session: Int32 = ownSession ? 0x80 : 0
        posix_spawnattr_setflags(&attributes, Int16(Int32(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (ownGroup ? POSIX_SPAWN_SETPGROUP : 0)) | session))
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, program, &actions, &attributes, &words, environ)
        guard code == 0 else {
            throw Failure("service.not-startable", "unable to run \(quoted(program)): \(String(cString: strerror(code)).lowercased())", hint: "is it there, and may the agent's user run it?")
        }
        return pid
    }
}
