package import BackupModel
import Glibc
import NodeDispatch

/// Our own file of pinned host keys, in OpenSSH's format: lines `[host]:port algorithm key`. No other such file is ever looked at.
struct KnownHosts: Sendable {
    let path: String

    struct Entry {
        var algorithm: String
        var key: String
    }

    /// Without a file: none.
    func entries(for address: HostAddress, port: Int) throws(KnownHostsError) -> [Entry] {
        let names = Self.names(address, port)
        return try lines().compactMap { line in
            guard isEntry(line), Self.hosts(in: line).contains(where: names.contains) else { return nil }
            let fields = line.split(whereSeparator: \.isWhitespace)
            guard fields.count >= 3 else { return nil }
            return Entry(algorithm: String(fields[1]), key: String(fields[2]))
        }
    }

    func trust(in key: HostKey) throws(KnownHostsError) -> HostTrust {
        let pinned = try entries(for: key.address, port: key.port)
        if pinned.isEmpty { return .unknown }
        if pinned.contains(where: { $0.algorithm == key.algorithm && $0.key == key.key }) { return .pinned }
        return .changed(pinned: pinned.map { HostKeyAlgorithm.fingerprint(of: $0.key, algorithm: $0.algorithm) ?? "an unreadable key" })
    }

    /// Puts `key` in place of every other of its address and port; the lines of others stay as they are.
    func pin(_ key: HostKey) throws(KnownHostsError) {
        guard HostKeyAlgorithm.fingerprint(of: key.key, algorithm: key.algorithm) == key.fingerprint else { throw .notAKey(host: key.address.rawValue) }
        let lock = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX) == 0 else { throw failed("lock") }
        defer { close(lock) }
        let kept = try lines().compactMap { without(key, $0) }
        try replace(with: kept + ["[\(key.address)]:\(key.port) \(key.algorithm) \(key.key)"])
    }

    private static func names(_ address: HostAddress, _ port: Int) -> [String] {
        ["[\(address)]:\(port)"] + (port == 22 ? [address.rawValue] : [])
    }

    private func isEntry(_ line: String) -> Bool { line.first != "#" && line.first != "@" }

    /// By bytes: each of a thousand hosts is looked for in a thousand lines.
    private static func hosts(in line: String) -> [String] {
        let first = line.utf8.split(maxSplits: 1) { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.first
        return first.map { $0.split(separator: UInt8(ascii: ",")).map { String(Substring($0)) } } ?? []
    }

    /// The line as it is, or with the other hosts that it names, or nil.
    private func without(_ key: HostKey, _ line: String) -> String? {
        let hosts = Self.hosts(in: line)
        let others = hosts.filter { !Self.names(key.address, key.port).contains($0) }
        if !isEntry(line) || others.count == hosts.count { return line }
        if others.isEmpty { return nil }
        return ([others.joined(separator: ",")] + line.split(whereSeparator: \.isWhitespace).dropFirst().map(String.init)).joined(separator: " ")
    }

    private func lines() throws(KnownHostsError) -> [String] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        if file < 0 {
            if errno == ENOENT { return [] }
            throw failed("read")
        }
        defer { close(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(file, &piece, piece.count)
            guard count >= 0 else { throw failed("read") }
            if count == 0 { break }
            bytes += piece[0..<count]
        }
        return bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }

    /// A new file under the old name: a reader sees the one or the other, and a power cut leaves one of them.
    private func replace(with lines: [String]) throws(KnownHostsError) {
        let new = path + ".new"
        unlink(new)
        let file = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failed("write") }
        var rest = Array((lines.joined(separator: "\n") + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(file, $0.baseAddress!, $0.count) }
            guard count > 0 else {
                let error = failed("write")
                close(file)
                throw error
            }
            rest = rest.dropFirst(count)
        }
        let synced = fsync(file) == 0
        close(file)
        guard synced, rename(new, path) == 0 else { throw failed("write") }
        let folder = open(path.lastIndex(of: "/").map { String(path[...$0]) } ?? ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }

    private func failed(_ verb: String) -> KnownHostsError { .file(path: path, verb: verb, detail: String(cString: strerror(errno))) }
}

package enum KnownHostsError: FailureConvertible, Hashable, CustomStringConvertible {
    case file(path: String, verb: String, detail: String)
    /// Fingerprint, algorithm and key do not belong together.
    case notAKey(host: String)

    package var description: String { failure.description }

    package var failure: Failure {
        switch self {
        case .file(let path, let verb, let detail):
            Failure("ssh.known-hosts", "cannot \(verb) the file of pinned host keys '\(path)': \(detail)", hint: "may aeneasd's user write there?")
        case .notAKey(let host): Failure("ssh.not-a-host-key", "what was given for \(host) is not a host key with its fingerprint")
        }
    }
}
