import BackupModel
import Foundation
import NodeDispatch
import SSHDispatch
import TestSupport
import Testing

@Suite(.enabled(if: SSHBench.missing == nil, SSHBench.reason))
struct LoginTests {
    @Test("a key that the node does not know is refused, naming the user")
    func wrongKey() async throws {
        try await SSHBench.with { bench in
            var node = bench.node
            node.keyFile = bench.sshd.folder + "/stranger"
            let error = try await connectError(bench, to: node)
            #expect(error.failure.code == "ssh.login-refused")
            #expect(error.failure.summary.contains("'\(bench.node.user)'"))
        }
    }

    @Test("a private key that cannot be used is named, and nobody is asked for a passphrase")
    func unusableKeys() async throws {
        try await SSHBench.with { bench in
            let locked = bench.folder + "/locked"
            try TestSSHD.makeKey(locked, passphrase: "secret")
            let lockedPEM = bench.folder + "/locked.pem"
            try TestSSHD.makeKey(lockedPEM, passphrase: "secret", options: ["-t", "rsa", "-m", "PEM"])
            for path in [bench.folder + "/absent", bench.folder + "/sshd/sshd_config", locked, lockedPEM] {
                var node = bench.node
                node.keyFile = path
                guard case .keyUnreadable(path, _) = try await connectError(bench, to: node) else {
                    throw ConformanceFailure(description: "another error for \(path)")
                }
            }
        }
    }

    @Test("a port where nobody listens is unreachable")
    func nobodyListens() async throws {
        try await SSHBench.with { bench in
            bench.sshd.stop()
            let error = try await connectError(bench)
            #expect(error.failure.code == "ssh.unreachable")
            await #expect(throws: DispatchError.self) { try await bench.ssh.hostKey(of: bench.node.address, port: bench.node.port) }
        }
    }

    @Test("a peer that accepts and says nothing is given up, and cancelling does not wait for it")
    func mutePeer() async throws {
        var settings = SSHSettings.patient
        settings.connectTimeout = .seconds(1)
        let mute = ScriptedServer { peer in _ = peer.receive(1 << 20) }
        try await SSHBench.with(settings: settings) { bench in
            var node = bench.node
            node.port = mute.port
            let error = try await connectError(bench, to: node)
            #expect(error.failure.code == "ssh.unreachable")
            let other = node
            let connecting = Task { try await bench.ssh.connect(to: other) }
            connecting.cancel()
            await #expect(throws: CancellationError.self) { try await connecting.value }
        }
    }
}
