import BackupModel
import Foundation
import NodeDispatch
import SSHDispatch
import TestSupport
import Testing

@Suite(.enabled(if: SSHBench.missing == nil, SSHBench.reason))
struct HostKeyTests {
    @Test("the host key is told as ssh-keygen tells it, without logging in")
    func hostKeyIsTold() async throws {
        try await SSHBench.with(pinned: false) { bench in
            let key = try await bench.ssh.hostKey(of: bench.node.address, port: bench.node.port)
            #expect(key.algorithm == "ssh-ed25519")
            #expect(try key.fingerprint == bench.sshd.hostFingerprint())
            #expect(try String(contentsOfFile: bench.sshd.hostKey + ".pub", encoding: .utf8).hasPrefix("ssh-ed25519 \(key.key) "))
            #expect(!bench.sshd.log.contains("userauth-request"))
        }
    }

    @Test("an unknown host is refused before any login, with its key; once pinned it is let in")
    func unknownThenPinned() async throws {
        try await SSHBench.with(pinned: false) { bench in
            guard case .hostKeyUnknown(let name, let key) = try await connectError(bench) else { throw ConformanceFailure(description: "another error") }
            #expect("\(name)" == "node-7 (127.0.0.1:\(bench.node.port))")
            #expect(try key.fingerprint == bench.sshd.hostFingerprint())
            #expect(!bench.sshd.log.contains("userauth-request"))
            #expect(try bench.ssh.trust(in: key) == .unknown)
            try bench.ssh.pin(key)
            #expect(try bench.ssh.trust(in: key) == .pinned)
            let connection = try await bench.ssh.connect(to: bench.node)
            #expect(try await jobs(connection) == 0)
            await connection.close()
            #expect(bench.sshd.log.contains("userauth-request"))
        }
    }

    @Test("a changed host key is refused before any login, and pinning the new one lets it in again")
    func changed() async throws {
        try await SSHBench.with { bench in
            let old = try bench.sshd.hostFingerprint()
            try bench.sshd.changeHostKey()
            let error = try await connectError(bench)
            guard case .hostKeyChanged(_, let key, let pinned) = error else { throw ConformanceFailure(description: "\(error)") }
            #expect(pinned == [old])
            #expect(try key.fingerprint == bench.sshd.hostFingerprint())
            #expect(key.fingerprint != old)
            #expect(try bench.ssh.trust(in: key) == .changed(pinned: [old]))
            #expect(!bench.sshd.log.contains("userauth-request"))
            try bench.ssh.pin(key)
            await (try bench.ssh.connect(to: bench.node)).close()
        }
    }

    @Test("pinning keeps the lines of other hosts and ports, in a file for its owner alone")
    func pinKeepsOthers() async throws {
        try await SSHBench.with(pinned: false) { bench in
            let key = try await bench.ssh.hostKey(of: bench.node.address, port: bench.node.port)
            let me = "[127.0.0.1]:\(bench.node.port)"
            let others = [
                "# ours", "[10.0.0.1]:2222 ssh-ed25519 AAAAother", "10.0.0.2,\(me) ssh-ed25519 AAAAold", "\(me) ssh-rsa AAAAolder",
                "@revoked \(me) ssh-rsa AAAArevoked",
            ]
            try (others.joined(separator: "\n") + "\n").write(toFile: bench.knownHosts, atomically: true, encoding: .utf8)
            try bench.ssh.pin(key)
            let text = try String(contentsOfFile: bench.knownHosts, encoding: .utf8)
            let kept = [others[0], others[1], "10.0.0.2 ssh-ed25519 AAAAold", others[4]]
            #expect(text == (kept + ["\(me) ssh-ed25519 \(key.key)"]).joined(separator: "\n") + "\n")
            #expect(try FileManager.default.attributesOfItem(atPath: bench.knownHosts)[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test("many pins at once lose none")
    func concurrentPins() async throws {
        try await SSHBench.with(pinned: false) { bench in
            let key = try await bench.ssh.hostKey(of: bench.node.address, port: bench.node.port)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for port in 1...100 {
                    var other = key
                    other.port = port
                    group.addTask { [other] in try bench.ssh.pin(other) }
                }
                try await group.waitForAll()
            }
            let lines = try String(contentsOfFile: bench.knownHosts, encoding: .utf8).split(separator: "\n")
            #expect(Set(lines).count == 100)
        }
    }

    @Test("a key that does not go with its fingerprint, or carries a second line, is not pinned", arguments: ["AAAA", "", "@ssh\n* ssh-ed25519 AAAA"])
    func forgedKey(text: String) async throws {
        try await SSHBench.with(pinned: false) { bench in
            var key = try await bench.ssh.hostKey(of: bench.node.address, port: bench.node.port)
            key.key = text.replacingOccurrences(of: "@ssh", with: key.key)
            #expect(throws: KnownHostsError.notAKey(host: "127.0.0.1")) { try bench.ssh.pin(key) }
            #expect(!FileManager.default.fileExists(atPath: bench.knownHosts))
        }
    }
}
