import BackupModel
import Foundation
import NodeDispatch
import SSHDispatch
import TestSupport
import Testing

@Suite(.enabled(if: SSHBench.missing == nil, SSHBench.reason))
struct SSHConformanceTests {
    @Test("over SSH", arguments: NodeDispatchConformance.all)
    func rule(_ rule: NodeDispatchConformance) async throws {
        try await SSHBench.with { bench in try await rule.check(bench) }
    }

    @Test("sixty connections at once serve and leave no process and no descriptor behind")
    func sixty() async throws {
        try await SSHBench.with { bench in
            try bench.install()
            let answers = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<60 {
                    group.addTask {
                        let connection = try await bench.ssh.connect(to: bench.node)
                        var events = 0
                        for try await _ in await connection.send(.followJob(.anyOfConformance, after: number)) { events += 1 }
                        await connection.close()
                        return events
                    }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(answers.sorted() == Array(1...60))
            #expect(await eventually { bench.sshd.sessions.isEmpty })
            #expect(try await eventuallyNoSockets(to: bench.sshd.port))
        }
    }

    @Test("a consumer that lags behind gets every event, and the agent waits for it")
    func slowConsumer() async throws {
        try await SSHBench.with { bench in
            let connection = try await bench.ssh.connect(to: bench.node)
            let seen = try await numbersSeenSlowly(connection, 60_000)
            #expect(seen == Array(1...60_000))
            await connection.close()
        }
    }

    /// Of ours: one that we forgot to close would wait in CLOSE_WAIT (08) for ever.
    private func eventuallyNoSockets(to port: Int) async throws -> Bool {
        let remote = ":" + String(port + 0x10000, radix: 16, uppercase: true).dropFirst()
        return await eventually {
            let lines = ((try? String(contentsOfFile: "/proc/self/net/tcp", encoding: .utf8)) ?? "").split(separator: "\n").map { $0.split(separator: " ") }
            return lines.count > 1 && !lines.contains { $0.count > 3 && $0[2].hasSuffix(remote) && ["01", "08"].contains($0[3]) }
        }
    }

    private func numbersSeenSlowly(_ connection: any AgentConnection, _ count: Int) async throws -> [Int] {
        var seen: [Int] = []
        for try await event in await connection.send(.followJob(.anyOfConformance, after: count)) {
            guard case .job(let number, _) = event else { continue }
            seen.append(number)
            if number == 10 { try await Task.sleep(for: .seconds(2)) }
        }
        return seen
    }
}
