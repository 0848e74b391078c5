import BackupModel
import NodeDispatch
import SSHDispatch
import TestSupport
import Testing

@Suite(.enabled(if: SSHBench.missing == nil, SSHBench.reason))
struct AgentHelloTests {
    @Test("what a login script prints before the agent is shown as noise")
    func noise() async throws {
        try await SSHBench.with(.noisy) { bench in
            let error = try await connectError(bench)
            guard case .noise(_, let text) = error else { throw ConformanceFailure(description: "\(error)") }
            #expect(text.hasPrefix("Welcome to node 7!"))
        }
    }

    @Test("an agent that ends at once is quoted")
    func quits() async throws {
        try await SSHBench.with(.quits) { bench in
            let error = try await connectError(bench)
            #expect(error.failure.code == "agent.not-started")
            #expect(error.failure.summary.hasSuffix("ended with status 1: cannot find the moon"))
        }
    }

    @Test("an agent without a hello is given up")
    func silent() async throws {
        var settings = SSHSettings.patient
        settings.helloTimeout = .seconds(1)
        try await SSHBench.with(.silent, settings: settings) { bench in
            let error = try await connectError(bench)
            #expect(error.failure.code == "agent.not-started")
            #expect(error.failure.summary.contains("no hello"))
            #expect(await eventually { bench.sshd.sessions.isEmpty })
        }
    }

    @Test("cancelling while the agent's hello is awaited leaves nothing on the node")
    func cancelled() async throws {
        try await SSHBench.with(.silent) { bench in
            let connecting = Task { try await bench.ssh.connect(to: bench.node) }
            #expect(await eventually { bench.sshd.log.contains("Starting session: command") })
            connecting.cancel()
            await #expect(throws: CancellationError.self) { try await connecting.value }
            #expect(await eventually { bench.sshd.sessions.isEmpty })
        }
    }
}
