import BackupModel
import Glibc

/// A job is running as long as somebody holds its lock: the kernel gives it up with the process, however that ends. A pid proves nothing by itself, since it is used again.
final class JobLock: Sendable {
    private let file: OpenFile

    private init(_ file: OpenFile) { self.file = file }

    /// Takes the lock; nil when another holds it. Those who only look hold it for a moment, so it is tried for a while.
    static func take(_ path: String, attempts: Int = 40) throws(SystemError) -> JobLock? {
        let file = try OpenFile(path, O_RDWR | O_CREAT)
        for attempt in 1...attempts {
            if flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 { return JobLock(file) }
            guard errno == EWOULDBLOCK || errno == EINTR else { throw SystemError("lock", path) }
            if attempt < attempts { usleep(25_000) }
        }
        return nil
    }

    /// Whether a process holds it.
    static func isHeld(_ path: String) throws(SystemError) -> Bool {
        guard try Disk.exists(path) else { return false }
        let file = try OpenFile.reading(path)
        guard flock(file.descriptor, LOCK_SH | LOCK_NB) == 0 else { return true }
        return false
    }

    /// Leaves word who holds it, for `cancelJob`.
    func sign() throws(SystemError) {
        let text = "\(getpid()) \(ProcessStart.of(getpid()) ?? 0)\n"
        guard ftruncate(file.descriptor, 0) == 0 else { throw SystemError("write", file.path) }
        try file.write(Array(text.utf8))
    }

    /// The process that signed last, if it is still the same one.
    static func holder(_ path: String) throws -> pid_t? {
        let words = String(decoding: try Disk.contents(path, limit: 100) ?? [], as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let pid = pid_t(words[0]), pid > 1, let start = Int(words[1]), ProcessStart.of(pid) == start else { return nil }
        return pid
    }
}

/// When a process began, in clock ticks since the machine started: with its pid it names one process only.
enum ProcessStart {
    static func of(_ pid: pid_t) -> Int? {
        guard let bytes = try? Disk.contents("/proc/\(pid)/stat", limit: 4096), let bracket = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        // The 22nd field; the second, in brackets, may hold anything.
        let fields = String(decoding: bytes[(bracket + 1)...], as: UTF8.self).split(separator: " ")
        return fields.count > 19 ? Int(fields[19]) : nil
    }
}
