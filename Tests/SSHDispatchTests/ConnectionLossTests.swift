import BackupModel
import Foundation
import Glibc
import NodeDispatch
import SSHDispatch
import TestSupport
import Testing

@Suite(.enabled(if: SSHBench.missing == nil, SSHBench.reason))
struct ConnectionLossTests {
    @Test("an agent that is killed in the middle of a request is told with its signal and last words")
    func agentKilled() async throws {
        try await SSHBench.with { bench in
            let connection = try await bench.ssh.connect(to: bench.node)
            let request = SnapshotRequest(access: NodeAccess(), tag: SnapshotTag(unchecked: "t"), keyspaces: [], skipFlush: true, timeoutSeconds: 1)
            let error = try await requestError(connection, .snapshot(request))
            #expect(error.failure.code == "ssh.connection-lost")
            #expect(error.failure.summary.contains("signal KILL: out of memory"))
        }
    }

    @Test("a cut connection is lost at once", arguments: [true, false])
    func cut(inTheMiddle: Bool) async throws {
        try await SSHBench.with { bench in
            let connection = try await bench.ssh.connect(to: bench.node)
            let cut = { for pid in bench.sshd.sessions { kill(pid, SIGKILL) } }
            if !inTheMiddle { cut() }
            let error = try await requestError(connection, .cancelJob(.anyOfConformance)) { _ in if inTheMiddle { cut() } }
            #expect(error.failure.code == "ssh.connection-lost")
            #expect(try await requestError(connection, .listJobs).failure.code == "ssh.connection-lost")
        }
    }

    @Test("a peer that falls silent during a request is given up")
    func stalled() async throws {
        var settings = SSHSettings.patient
        settings.stallTimeout = .seconds(1)
        try await SSHBench.with(settings: settings) { bench in
            try bench.install()
            let connection = try await bench.ssh.connect(to: bench.node)
            let error = try await requestError(connection, .cancelJob(.anyOfConformance)) { _ in for pid in bench.sshd.sessions { kill(pid, SIGSTOP) } }
            #expect(error.failure.code == "ssh.connection-lost")
        }
    }

    @Test("an agent that falls silent during a request is given up, though its sshd lives")
    func agentHangs() async throws {
        var settings = SSHSettings.patient
        settings.stallTimeout = .seconds(1)
        settings.keepAliveInterval = .milliseconds(300)
        settings.keepAliveTries = 100
        try await SSHBench.with(settings: settings) { bench in
            try bench.install()
            let connection = try await bench.ssh.connect(to: bench.node)
            #expect(try await requestError(connection, .forgetJob(.anyOfConformance)).failure.code == "ssh.connection-lost")
            #expect(await bench.agentEnds(connection.hello))
        }
    }

    @Test("an idle connection is kept alive, and given up when nothing answers any more")
    func keepAlive() async throws {
        var settings = SSHSettings.patient
        settings.keepAliveInterval = .milliseconds(500)
        settings.keepAliveTries = 8
        try await SSHBench.with(settings: settings) { bench in
            let connection = try await bench.ssh.connect(to: bench.node)
            let begun = ContinuousClock.now
            #expect(await eventually { bench.sshd.log.components(separatedBy: "keepalive@openssh.com").count > 4 })
            while ContinuousClock.now - begun < settings.keepAliveInterval * settings.keepAliveTries * 1.25 { try await Task.sleep(for: .milliseconds(100)) }
            #expect(try await jobs(connection) == 0)
            let error = try await requestError(connection, .cancelJob(.anyOfConformance)) { _ in for pid in bench.sshd.sessions { kill(pid, SIGSTOP) } }
            #expect(error.failure.summary.contains("nothing heard"))
        }
    }

    @Test("bytes that are no frame are the agent's fault, and end the connection")
    func garbage() async throws {
        try await SSHBench.with { bench in
            let connection = try await bench.ssh.connect(to: bench.node)
            let layout = RestoreLayout(restore: RestoreID(unchecked: "01J9ZK00000000000000000000"), folders: NodeFolders(data: ["/d"], commitLog: "/c"))
            let error = try await requestError(connection, .restoreStatus(layout))
            #expect(error.failure.code == "agent.protocol")
            #expect(await bench.agentEnds(connection.hello))
        }
    }
}
