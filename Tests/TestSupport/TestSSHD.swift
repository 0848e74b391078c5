import Foundation
import Glibc
import Synchronization

/// A real sshd of its own for a test: own folder, own host key, public keys only, a free port on loopback, run by the current user.
/// `stop` ends it with everything it serves.
package final class TestSSHD: Sendable {
    package let folder: String
    package let address: String
    package let port: Int
    /// Of the listening sshd, until it is stopped.
    private let pid = Mutex<pid_t?>(nil)

    /// Why there can be none here, or nil.
    package static let unavailable: String? = ["/usr/sbin/sshd", "/usr/bin/ssh-keygen"].first { (path: String) in access(path, X_OK) != 0 }
        .map { "\($0) is not installed" }

    package var userKey: String { folder + "/user" }
    package var hostKey: String { folder + "/host" }
    private var authorizedKeys: String { folder + "/authorized_keys" }
    private var logFile: String { folder + "/log" }

    /// - Parameter folder: An existing folder, for this server alone.
    package init(in folder: String, address: String = "127.0.0.1") throws {
        self.folder = folder
        self.address = address
        // OpenSSH run by root jails the unauthenticated part there.
        if geteuid() == 0 { mkdir("/run/sshd", 0o755) }
        for key in ["host", "user", "stranger"] { try Self.makeKey(folder + "/" + key) }
        port = try freePort(on: address)
        try authorize()
        try start()
    }

    /// Replaces what may log in: the key at `userKey`, with these options of authorized_keys(5).
    package func authorize(options: String = "") throws {
        let key = try String(contentsOfFile: userKey + ".pub", encoding: .utf8)
        try (options + (options.isEmpty ? "" : " ") + key).write(toFile: authorizedKeys, atomically: true, encoding: .utf8)
    }

    /// The same server with another host key, as after a node was rebuilt.
    package func changeHostKey() throws {
        stop()
        for name in ["host", "host.pub"] { unlink(folder + "/" + name) }
        try Self.makeKey(hostKey)
        try start()
    }

    /// `SHA256:…`, as ssh-keygen tells it.
    package func hostFingerprint() throws -> String {
        try Self.run("/usr/bin/ssh-keygen", ["-lf", hostKey + ".pub"]).split(separator: " ")[1].description
    }

    package var log: String { (try? String(contentsOfFile: logFile, encoding: .utf8)) ?? "" }

    /// sshd's own processes that serve connections, outermost first; not the commands that these run.
    package var sessions: [Int32] {
        guard let root = pid.withLock({ $0 }) else { return [] }
        let table = processTable()
        func below(_ parent: Int32) -> [Int32] {
            table.filter { $0.parent == parent && $0.program.hasPrefix("sshd") }.flatMap { [$0.pid] + below($0.pid) }
        }
        return below(root)
    }

    /// Idempotent.
    package func stop() {
        let serving = sessions
        pid.withLock { pid in
            guard let listener = pid else { return }
            pid = nil
            kill(listener, SIGKILL)
            waitpid(listener, nil, 0)
        }
        for pid in serving {
            kill(pid, SIGKILL)
            // One that a test has stopped dies only once it goes on.
            kill(pid, SIGCONT)
        }
    }

    private func start() throws {
        let configuration = """
            ListenAddress \(address.contains(":") ? "[\(address)]" : address):\(port)
            HostKey \(hostKey)
            PidFile none
            AuthorizedKeysFile \(authorizedKeys)
            AuthenticationMethods publickey
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            PermitRootLogin prohibit-password
            StrictModes no
            UsePAM no
            UseDNS no
            MaxStartups 300
            MaxSessions 10
            LogLevel DEBUG1

            """
        let file = folder + "/sshd_config"
        try configuration.write(toFile: file, atomically: true, encoding: .utf8)
        let started = try spawn("/usr/sbin/sshd", ["-D", "-E", logFile, "-f", file])
        pid.withLock { $0 = started }
        for _ in 0..<500 {
            if log.contains("Server listening on") && accepts(address, port) { return }
            guard waitpid(started, nil, WNOHANG) == 0 else {
                pid.withLock { $0 = nil }
                break
            }
            usleep(20_000)
        }
        throw TestSSHDError(description: "sshd did not start: \(log.suffix(500))")
    }

    package static func makeKey(_ path: String, passphrase: String = "", options: [String] = ["-t", "ed25519"]) throws {
        try run("/usr/bin/ssh-keygen", ["-q", "-N", passphrase, "-C", "test", "-f", path] + options)
    }

    /// Standard output of a program that ends with status 0.
    @discardableResult
    static func run(_ program: String, _ arguments: [String]) throws -> String {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw TestSSHDError(description: "no pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let pid: pid_t
        do {
            defer { close(ends[1]) }
            pid = try spawn(program, arguments, output: ends[1])
        } catch {
            close(ends[0])
            throw error
        }
        let text = String(decoding: FileHandle(fileDescriptor: ends[0], closeOnDealloc: true).readDataToEndOfFile(), as: UTF8.self)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        guard status == 0 else { throw TestSSHDError(description: "\(program) ended with wait status \(status)") }
        return text
    }
}

/// Starts a program with no signal blocked or ignored: the threads that tests run on block them, and Foundation's `Process` would hand that down.
private func spawn(_ program: String, _ arguments: [String], output: Int32? = nil) throws -> pid_t {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t(), all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for descriptor: Int32 in 0...2 { posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0) }
    if let output { posix_spawn_file_actions_adddup2(&actions, output, 1) }
    var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, program, &actions, &attributes, &words, environ)
    guard code == 0 else { throw TestSSHDError(description: "cannot start \(program): \(String(cString: strerror(code)))") }
    return pid
}

package struct TestSSHDError: Error, CustomStringConvertible { package var description: String }

private struct ProcessEntry {
    var pid: Int32
    var parent: Int32
    var program: String
}

private func processTable() -> [ProcessEntry] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { name in
        guard let pid = Int32(name), let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")")
        else { return nil }
        let rest = text[text.index(after: close)...].split(separator: " ")
        guard rest.count > 1, let parent = Int32(rest[1]) else { return nil }
        return ProcessEntry(pid: pid, parent: parent, program: String(text[text.index(after: open)..<close]))
    }
}

private func withSocket<Value>(_ address: String, _ port: Int, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value {
    var target = sockaddr_in()
    target.sin_family = sa_family_t(AF_INET)
    target.sin_port = in_port_t(port).bigEndian
    target.sin_addr.s_addr = inet_addr(address)
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    return withUnsafePointer(to: target) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
}

private func accepts(_ address: String, _ port: Int) -> Bool {
    withSocket(address, port) { descriptor, target, size in connect(descriptor, target, size) == 0 }
}

private func freePort(on address: String) throws -> Int {
    let port = withSocket(address, 0) { descriptor, target, size in
        var name = sockaddr_in()
        var length = size
        guard bind(descriptor, target, size) == 0 else { return 0 }
        withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(descriptor, $0, &length) }
        }
        return Int(UInt16(bigEndian: name.sin_port))
    }
    guard port > 0 else { throw TestSSHDError(description: "no free port on \(address)") }
    return port
}
