import Foundation

/// An aeneasd of its own, with `aeneas` to talk to it.
final class Master: @unchecked Sendable {
    let folder: String
    private let lock = NSLock()
    private var process: Process?

    static let programs: String = {
        if let given = ProcessInfo.processInfo.environment["AENEAS_BIN"] { return given }
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return (own as NSString).deletingLastPathComponent
    }()

    init() throws {
        folder = NSTemporaryDirectory() + "/aeneas-master-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        Cleanup.shared.add { [folder] in try? FileManager.default.removeItem(atPath: folder) }
        Cleanup.shared.add { [weak self] in self?.kill(SIGTERM) }
    }

    /// A test that fails half-way leaves none running.
    deinit { kill(SIGKILL) }

    var socket: String { folder + "/aeneasd.sock" }
    /// nil when none runs.
    var pid: pid_t? { lock.withLock { process.flatMap { $0.isRunning ? $0.processIdentifier : nil } } }
    var log: String { (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? "" }

    /// - Parameter under: A program and its words that become aeneasd, by exec.
    func start(environment: [String: String] = [:], under: [String] = []) async throws {
        let process = Process(), words = under + [Self.programs + "/aeneasd"]
        process.executableURL = URL(fileURLWithPath: words[0])
        process.arguments = words.dropFirst() + ["run", "--state-folder", folder + "/state", "--socket", socket, "--config", folder + "/empty.yaml"]
        if let agent = ProcessInfo.processInfo.environment["AENEAS_AGENT"] { process.arguments! += ["--agent", agent] }
        FileManager.default.createFile(atPath: folder + "/empty.yaml", contents: Data())
        if !FileManager.default.fileExists(atPath: folder + "/log") { FileManager.default.createFile(atPath: folder + "/log", contents: nil) }
        let file = FileHandle(forWritingAtPath: folder + "/log")
        file?.seekToEndOfFile()
        process.standardError = file
        process.standardOutput = file
        process.standardInput = FileHandle.nullDevice
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        try process.run()
        lock.withLock { self.process = process }
        for _ in 0..<300 {
            if try await aeneas("cluster", "list").status == 0 { return }
            guard process.isRunning else { break }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw TestBedError(description: "aeneasd did not come up:\n\(log)")
    }

    func kill(_ signal: Int32) {
        guard let process = lock.withLock({ self.process }), process.isRunning else { return }
        Foundation.kill(process.processIdentifier, signal)
        process.waitUntilExit()
    }

    func aeneas(_ arguments: String..., timeoutSeconds: Int = 900) async throws -> Ran { try await aeneas(arguments, timeoutSeconds: timeoutSeconds) }

    func aeneas(_ arguments: [String], timeoutSeconds: Int = 900) async throws -> Ran {
        try await Subprocess.run(Self.programs + "/aeneas", ["--socket", socket] + arguments, timeoutSeconds: timeoutSeconds)
    }

    /// The answer of `--output json`, after an exit of 0.
    func json(_ arguments: String...) async throws -> Any {
        let ran = try await aeneas(arguments + ["--output", "json"])
        guard ran.status == 0 else { throw TestBedError(description: "aeneas \(arguments.joined(separator: " ")): \(ran)") }
        return try JSONSerialization.jsonObject(with: Data(ran.output.utf8))
    }

    func register(_ bed: TestBed, as name: String = "prod", acceptHostKeys: Bool = true, more: [String] = []) async throws -> Ran {
        let nodes = bed.nodes.flatMap { ["--node", "\($0.address):ssh-port=\($0.sshPort),jmx-port=\($0.jmxPort)"] }
        return try await aeneas(
            ["cluster", "add", name, "--contact", bed.nodes[0].address, "--ssh-user", bed.description.sshUser, "--ssh-key", bed.description.sshKey,
             "--agent-folder", bed.folder + "/agent", "--stop-command", bed.description.stopCommand.joined(separator: " "),
             "--start-command", bed.description.startCommand.joined(separator: " ")] + nodes + (acceptHostKeys ? ["--accept-new-host-keys"] : []) + more)
    }
}
