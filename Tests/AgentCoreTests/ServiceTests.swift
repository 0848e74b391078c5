@testable import AgentCore
import BackupModel
import CassandraNode
import Foundation
import Processes
import Synchronization
import Testing

@Suite struct ServiceTests {
    /// A node whose mode is what a file says; without the file nothing answers.
    private final class FileNode: LocalNode {
        let path: String
        let calls: Calls
        init(_ path: String, _ calls: Calls) { (self.path, self.calls) = (path, calls) }
        func mode() throws -> String? { FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } }
        func facts(ring: RingDetail) throws -> NodeFacts {
            guard let mode = try mode() else { throw NodeError.unreachable(endpoint: "test", reason: "down") }
            return NodeFacts(
                clusterName: "c", release: "5.0.6", partitioner: "p", snitch: "s", hostID: AgentBench.host, address: "10.0.0.7", datacenter: "dc1", rack: "r1", tokens: ["1"], mode: mode,
                schemaVersion: "v", ring: [], keyspaces: [:], folders: NodeFolders(data: [], commitLog: ""), settings: [:], seeds: [], pid: nil, space: [],
                clock: Timestamp(milliseconds: 0), snapshots: [])
        }
        func flush(keyspaces: [KeyspaceName]) throws {}
        func takeSnapshot(tag: SnapshotTag, keyspaces: [KeyspaceName], skipFlush: Bool, timeoutSeconds: Int) throws -> Int {
            if path.hasSuffix("takes") { return 1234 }
            throw path.hasSuffix("exists") ? NodeError.snapshotExists(tag) : NodeError.snapshotFailed(tag, words: "disk full")
        }
        func clearSnapshot(tag: SnapshotTag) throws { calls.add("clear \(tag)") }
        func repair(_ keyspace: KeyspaceName, primaryRangeOnly: Bool, timeoutSeconds: Int, progress: (Int, String) -> Void, isCancelled: () -> Bool) throws -> Bool {
            progress(50, "half")
            return keyspace.rawValue != "single"
        }
        func close() { calls.add("close") }
    }

    private final class Calls: Sendable {
        private let all = Mutex<[String]>([])
        func add(_ call: String) { all.withLock { $0.append(call) } }
        var list: [String] { all.withLock { $0 } }
    }

    private func parts(_ bench: AgentBench, mode: String? = nil, holders: [String] = [], calls: Calls = Calls()) -> AgentParts {
        var parts = bench.parts
        let path = mode ?? bench.root + "/mode"
        parts.openNode = { _ in
            calls.add("open")
            return FileNode(path, calls)
        }
        parts.holders = { _ in holders }
        return parts
    }

    private func job(_ bench: AgentBench, _ command: [String], seconds: Int = 20, holders: [String] = []) throws -> ServiceJob {
        ServiceJob(
            work: ServiceWork(access: NodeAccess(), command: command, folders: bench.folders, timeoutSeconds: seconds), context: try bench.context(parts: parts(bench, holders: holders)))
    }

    @Test("stopping ends when JMX is silent, and is fine when Cassandra was down already")
    func stops() throws {
        let bench = try AgentBench()
        try AgentBench.write(Array("NORMAL".utf8), bench.root + "/mode")
        try job(bench, ["rm", bench.root + "/mode"]).stop()
        try job(bench, ["true"]).stop()
        try job(bench, ["false"]).stop()
        #expect(bench.notes.codes == ["service.command-failed"])
    }

    @Test("Cassandra has not stopped while JMX answers or a process holds its folders, whatever the command says")
    func stillRunning() throws {
        let bench = try AgentBench()
        let held = failure { try job(bench, ["true"], seconds: 1, holders: ["77 java"]).stop() }
        #expect(held?.code == "cassandra.still-running" && held?.summary.contains("77 java") == true)
        try AgentBench.write(Array("NORMAL".utf8), bench.root + "/mode")
        let failed = failure { try job(bench, ["sh", "-c", "echo no right >&2; exit 3"]).stop() }
        #expect(failed?.code == "cassandra.still-running" && failed?.cause?.summary.contains("no right") == true)
    }

    @Test("starting waits for mode NORMAL, and not for a daemon that keeps the output open")
    func starts() throws {
        let bench = try AgentBench()
        let script = "(sleep 0.3; printf JOINING > \(bench.root)/mode; sleep 0.4; printf NORMAL > \(bench.root)/mode; sleep 3) & echo started"
        let result = try job(bench, ["sh", "-c", script]).start()
        #expect(result == StartResult(hostID: AgentBench.host, tokens: ["1"], mode: "NORMAL"))
    }

    @Test("a start that does not come to NORMAL says in which mode it is stuck")
    func doesNotStart() throws {
        let bench = try AgentBench()
        try AgentBench.write(Array("JOINING".utf8), bench.root + "/mode")
        let failure = failure { _ = try job(bench, ["true"], seconds: 1).start() }
        #expect(failure?.code == "cassandra.did-not-start" && failure?.summary.contains("JOINING") == true)
        #expect(AgentCoreTests.failure { _ = try job(bench, ["/no/such/program"]).start() }?.code == "service.not-startable")
    }

    @Test("a command that hangs is ended when its time is over, and a stop says why")
    func command() throws {
        #expect(try Command.started(["sleep", "1000"]).wait(until: Monotonic.seconds, stop: StopSignal()) == .outOfTime)
        let stop = StopSignal()
        stop.stop(Failure("run.cancelled", "cancelled"))
        #expect(failure { _ = try Command.started(["sleep", "1000"]).wait(until: Monotonic.seconds + 60, stop: stop) }?.code == "run.cancelled")
        #expect(failure { _ = try Command.started([]) }?.code == "service.no-command")
    }

    private func work(_ bench: AgentBench, _ parts: AgentParts) -> AgentWork {
        AgentWork(agent: bench.agent, parts: parts, nodes: OpenNodes(parts.openNode), stop: StopSignal(), isBroken: { false }, event: { _ in })
    }

    @Test("one connection to Cassandra serves the requests of a conversation, until one of them fails")
    func warm() throws {
        let bench = try AgentBench(), calls = Calls(), tag = AgentBench.backup(1).snapshotTag
        let request = SnapshotRequest(access: NodeAccess(), tag: tag, keyspaces: [], skipFlush: false, timeoutSeconds: 1)
        do {
            let work = work(bench, parts(bench, mode: bench.root + "/takes", calls: calls))
            for _ in 0..<2 { _ = try work.result(of: .flush(FlushRequest(access: NodeAccess(), keyspaces: []))) }
            guard case .snapshotTaken(let taken) = try work.result(of: .snapshot(request)) else { return #expect(Bool(false), "not taken") }
            #expect(taken.microseconds == 1234 && calls.list == ["open"])
            #expect(failure { _ = try work.result(of: .inspect(NodeAccess(), ring: .whole)) } != nil)
            _ = try work.result(of: .flush(FlushRequest(access: NodeAccess(), keyspaces: [])))
            _ = try work.result(of: .flush(FlushRequest(access: NodeAccess(jmxPort: 7200), keyspaces: [])))
            #expect(calls.list == ["open", "close", "open", "open"])
        }
        #expect(calls.list.suffix(2) == ["close", "close"])
    }

    @Test("a snapshot that fails part-way is cleared before it is reported; one that existed before is left")
    func snapshotFails() throws {
        let bench = try AgentBench(), tag = AgentBench.backup(1).snapshotTag
        for (mode, cleared) in [("/fails", ["clear \(tag)"]), ("/exists", [])] {
            let calls = Calls()
            let work = work(bench, parts(bench, mode: bench.root + mode, calls: calls))
            let request = SnapshotRequest(access: NodeAccess(), tag: tag, keyspaces: [], skipFlush: true, timeoutSeconds: 1)
            #expect(failure { _ = try work.result(of: .snapshot(request)) } != nil)
            #expect(calls.list.filter { $0.hasPrefix("clear") } == cleared)
        }
    }

    @Test("clearing that cleared nothing is a failure, although Cassandra said nothing")
    func notCleared() throws {
        let bench = try AgentBench(), tag = AgentBench.backup(1).snapshotTag
        try bench.addSSTable(in: bench.snapshot(1))
        let work = work(bench, parts(bench))
        let request = ClearSnapshotRequest(access: NodeAccess(), tag: tag, folders: bench.folders)
        #expect(failure { _ = try work.result(of: .clearSnapshot(request)) }?.code == "cassandra.snapshot-not-cleared")
        #expect(FileManager.default.fileExists(atPath: bench.snapshot(1)))
    }

    @Test("repair goes through the keyspaces and tells those with one replica apart")
    func repairs() throws {
        let bench = try AgentBench(), names = ["shop", "single"].map { KeyspaceName(unchecked: $0) }
        let work = RepairWork(access: NodeAccess(), keyspaces: names, primaryRangeOnly: false, timeoutSeconds: 5)
        #expect(try RepairJob(work: work, context: bench.context(parts: parts(bench))).run() == RepairResult(repaired: [names[0]], skipped: [names[1]]))
    }
}
