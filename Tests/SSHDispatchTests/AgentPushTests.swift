import BackupModel
import Foundation
import NodeDispatch
import SSHDispatch
import TestSupport
import Testing

@Suite(.enabled(if: SSHBench.missing == nil, SSHBench.reason))
struct AgentPushTests {
    @Test("an agent that is not there is put there, for its user alone, and nothing else stays behind")
    func absent() async throws {
        try await SSHBench.with { bench in
            let connection = try await bench.ssh.connect(to: bench.node)
            #expect(connection.hello.binarySHA256 == bench.agent.sha256)
            await connection.close()
            #expect(try FileManager.default.contentsOfDirectory(atPath: bench.node.agentFolder) == ["aeneas-agent"])
            let attributes = try FileManager.default.attributesOfItem(atPath: bench.installed)
            #expect(attributes[.posixPermissions] as? Int == 0o700)
            #expect(attributes[.size] as? Int == bench.agent.size)
        }
    }

    @Test("an agent of twenty megabytes arrives whole")
    func large() async throws {
        try await SSHBench.with { bench in
            let large = try TestSSHDAgent(at: bench.folder + "/large", salt: String(repeating: "0123456789abcdef", count: 20 << 16))
            let dispatch = SSHDispatch(
                knownHosts: bench.knownHosts, agent: AgentBinary(path: large.path, sha256: large.sha256, size: large.size), settings: .patient)
            let connection = try await dispatch.connect(to: bench.node)
            #expect(connection.hello.binarySHA256 == large.sha256)
            await connection.close()
        }
    }

    @Test("the same agent is not pushed again")
    func same() async throws {
        try await SSHBench.with { bench in
            try bench.install()
            let before = try inode(bench.installed)
            await (try bench.ssh.connect(to: bench.node)).close()
            #expect(try inode(bench.installed) == before)
        }
    }

    @Test("another agent is replaced, and one of it that still runs is not disturbed", arguments: [TestSSHDAgent.Manner.well, .foreign])
    func different(manner: TestSSHDAgent.Manner) async throws {
        try await SSHBench.with { bench in
            let old = try bench.install(.well, salt: "old release")
            let oldMaster = SSHDispatch(knownHosts: bench.knownHosts, agent: AgentBinary(path: old.path, sha256: old.sha256, size: old.size))
            let running = try await oldMaster.connect(to: bench.node)
            if manner == .foreign { try bench.install(.foreign) }
            let connection = try await bench.ssh.connect(to: bench.node)
            #expect(connection.hello.binarySHA256 == bench.agent.sha256)
            #expect(running.hello.binarySHA256 == old.sha256)
            #expect(try await jobs(running) == 0)
            await running.close()
            await connection.close()
        }
    }

    @Test("a file there that cannot be run is replaced")
    func notExecutable() async throws {
        try await SSHBench.with { bench in
            try FileManager.default.createDirectory(atPath: bench.node.agentFolder, withIntermediateDirectories: true)
            try "nonsense".write(toFile: bench.installed, atomically: true, encoding: .utf8)
            await (try bench.ssh.connect(to: bench.node)).close()
        }
    }

    @Test("ten masters that push at once all get a whole agent")
    func concurrentPushes() async throws {
        try await SSHBench.with { bench in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<10 {
                    group.addTask {
                        let connection = try await bench.ssh.connect(to: bench.node)
                        #expect(connection.hello.binarySHA256 == bench.agent.sha256)
                        await connection.close()
                    }
                }
                try await group.waitForAll()
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: bench.node.agentFolder) == ["aeneas-agent"])
        }
    }

    @Test("a folder that cannot be made is told in the shell's own words")
    func noFolder() async throws {
        try await SSHBench.with { bench in
            try "a file".write(toFile: bench.folder + "/node", atomically: true, encoding: .utf8)
            let error = try await connectError(bench)
            #expect(error.failure.code == "agent.not-started")
            #expect(error.failure.summary.contains("mkdir"))
        }
    }

    @Test("an agent whose hash is not that of the file is refused after one push")
    func lyingHash() async throws {
        try await SSHBench.with { bench in
            let wrong = SHA256Hex(unchecked: String(repeating: "0", count: 64))
            let dispatch = SSHDispatch(knownHosts: bench.knownHosts, agent: AgentBinary(path: bench.agent.path, sha256: wrong, size: bench.agent.size))
            await #expect { try await dispatch.connect(to: bench.node) } throws: { ($0 as? DispatchError)?.failure.code == "agent.not-started" }
        }
    }

    @Test("a folder that a shell would read, or that leads elsewhere, is refused before anything is sent")
    func hostileFolder() async throws {
        let folders = ["", "-rf", "a b", "a;touch x", "$(id)", "a'b", "a\nb", "../x", "a/../../x", "a\0b", "`id`", "é", "~/x", "a&b", "a|b", "*"]
        try await SSHBench.with { bench in
            for folder in folders {
                var node = bench.node
                node.agentFolder = folder
                let error = try await connectError(bench, to: node)
                #expect(error.failure.code == "agent.not-started", "\(folder)")
            }
            #expect(!bench.sshd.log.contains("userauth-request"))
        }
    }

    @Test("a key bound to the agent's command by the node is enough")
    func forcedCommand() async throws {
        try await SSHBench.with { bench in
            try bench.install()
            try bench.sshd.authorize(options: "restrict,command=\"\(bench.installed) serve\"")
            var node = bench.node
            node.agentFolder = "elsewhere"
            let connection = try await bench.ssh.connect(to: node)
            #expect(try await jobs(connection) == 0)
            await connection.close()
        }
    }

    @Test("a key bound to another release's agent cannot be pushed with: said so, not hung")
    func forcedOldAgent() async throws {
        try await SSHBench.with { bench in
            let old = try bench.install(.well, salt: "old")
            try bench.sshd.authorize(options: "restrict,command=\"\(bench.installed) serve\"")
            #expect(try await connectError(bench).failure.code == "agent.not-started")
            #expect(try Data(contentsOf: URL(fileURLWithPath: bench.installed)).count == old.size)
        }
    }

    private func inode(_ path: String) throws -> Int { try #require(try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int) }
}
