import BackupModel
import Foundation
import Glibc
import NodeDispatch
import SSHDispatch
import TestSupport
import Testing

/// Real OpenSSH and a scripted agent in a folder of their own, for one test.
final class SSHBench: NodeDispatchBench {
    static let missing: String? = TestSSHD.unavailable ?? TestSSHDAgent.unavailable
    static let reason: Comment? = missing.map { Comment(rawValue: $0) }

    let folder: String
    let sshd: TestSSHD
    let agent: TestSSHDAgent
    let ssh: SSHDispatch
    let node: NodeTarget

    var dispatch: any NodeDispatch { ssh }
    var knownHosts: String { folder + "/known_hosts" }
    var installed: String { node.agentFolder + "/aeneas-agent" }

    private init(_ manner: TestSSHDAgent.Manner, _ settings: SSHSettings) throws {
        folder = FileManager.default.temporaryDirectory.path + "/aeneas-ssh-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder + "/sshd", withIntermediateDirectories: true)
        sshd = try TestSSHD(in: folder + "/sshd")
        agent = try TestSSHDAgent(at: folder + "/agent-to-push", manner)
        let binary = AgentBinary(path: agent.path, sha256: agent.sha256, size: agent.size)
        ssh = SSHDispatch(knownHosts: folder + "/known_hosts", agent: binary, settings: settings)
        node = NodeTarget(
            address: try HostAddress(sshd.address), port: sshd.port, user: NSUserName(), keyFile: sshd.userKey, agentFolder: folder + "/node/agent",
            name: "node-7")
    }

    /// Each bench is a handful of processes: a machine that starts all tests' at once is too busy for any of them.
    private static let places = Places(3)

    /// Hands over a bench whose host key is pinned, unless told otherwise, and removes everything afterwards.
    static func with(
        _ manner: TestSSHDAgent.Manner = .well, settings: SSHSettings = .patient, pinned: Bool = true, _ body: (SSHBench) async throws -> Void
    ) async throws {
        await places.take()
        defer { Task { await places.giveBack() } }
        let bench = try SSHBench(manner, settings)
        defer {
            bench.sshd.stop()
            try? FileManager.default.removeItem(atPath: bench.folder)
        }
        if pinned { try bench.ssh.pin(await bench.ssh.hostKey(of: bench.node.address, port: bench.node.port)) }
        try await body(bench)
    }

    /// Puts an agent there by hand.
    @discardableResult
    func install(_ manner: TestSSHDAgent.Manner = .well, salt: String = "") throws -> TestSSHDAgent {
        try FileManager.default.createDirectory(atPath: node.agentFolder, withIntermediateDirectories: true)
        return try TestSSHDAgent(at: installed, manner, salt: salt)
    }

    /// A zombie has ended: whoever inherits it from sshd may take its time to notice.
    func agentEnds(_ hello: AgentHello) async -> Bool {
        await eventually {
            guard let state = try? String(contentsOfFile: "/proc/\(hello.pid)/stat", encoding: .utf8) else { return true }
            return state.contains(") Z ")
        }
    }
    func killAgent(_ hello: AgentHello) { kill(pid_t(hello.pid), SIGKILL) }
}

/// Looks again and again, for a minute.
func eventually(_ condition: () -> Bool) async -> Bool {
    for _ in 0..<3000 {
        if condition() { return true }
        try? await Task.sleep(for: .milliseconds(20))
    }
    return false
}

/// The error that connecting ends in.
func connectError(_ bench: SSHBench, to node: NodeTarget? = nil) async throws -> DispatchError {
    do {
        await (try bench.ssh.connect(to: node ?? bench.node)).close()
    } catch let error as DispatchError {
        return error
    }
    throw ConformanceFailure(description: "connected")
}

/// The error that a request ends in.
func requestError(_ connection: any AgentConnection, _ request: AgentRequest, each: (AgentEvent) -> Void = { _ in }) async throws -> DispatchError {
    do {
        for try await event in await connection.send(request) { each(event) }
    } catch let error as DispatchError {
        return error
    }
    throw ConformanceFailure(description: "the request ended well")
}

func jobs(_ connection: any AgentConnection) async throws -> Int {
    for try await event in await connection.send(.listJobs) { if case .result(.jobs(let jobs)) = event { return jobs.count } }
    throw ConformanceFailure(description: "no answer")
}

extension SSHSettings {
    /// For tests of something else than time, on a machine that does much besides.
    static var patient: SSHSettings {
        var settings = SSHSettings()
        settings.connectTimeout = .seconds(60)
        settings.helloTimeout = .seconds(60)
        return settings
    }
}

private actor Places {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { free = count }

    func take() async {
        if free > 0 { free -= 1 } else { await withCheckedContinuation { waiting.append($0) } }
    }

    func giveBack() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
