import BackupModel
import Catalog
import Foundation
@testable import Operations
import TestSupport
import Testing

@Suite struct VerifyTests {
    private func backedUp() async throws -> (Bench, Master, BackupRecord) {
        let bench = try Bench(), master = try bench.master()
        try await master.setUp()
        let backup = try await master.backUp().backup
        bench.cluster.forgetLog()
        return (bench, master, backup)
    }

    private func verify(_ master: Master, _ backup: BackupRecord) async throws -> RunRecord { try await master.end(try await master.operations.startVerify(backup.id).id) }

    @Test("each node's part is verified by its own agent")
    func whole() async throws {
        let (bench, master, backup) = try await backedUp()
        let run = try await verify(master, backup)
        #expect(run.state == .succeeded)
        #expect(try await master.texts(of: run.id).last?.contains("is whole: 6 objects") == true)
        #expect(bench.cluster.log.filter { $0.hasSuffix("startJob verify") }.sorted() == bench.cluster.addresses.map { "\($0) startJob verify" })
    }

    @Test("another node's agent verifies the part of one that is out of reach")
    func unreachable() async throws {
        let (bench, master, backup) = try await backedUp()
        bench.cluster.change("10.0.0.2") { $0.reachable = false }
        #expect(try await verify(master, backup).state == .succeeded)
        let sources = bench.cluster.requests.compactMap { request -> String? in
            guard case .startJob(let job) = request, case .verify(let work) = job.work else { return nil }
            return work.source.rawValue
        }
        #expect(Set(sources) == Set(bench.cluster.nodes.map(\.facts.hostID.rawValue)) && bench.cluster.count("startJob verify") == 3)
    }

    @Test("a backup with missing or changed objects fails with every object named")
    func faults() async throws {
        let (bench, master, backup) = try await backedUp()
        bench.cluster.change("10.0.0.2") { $0.verifyFaults = [ObjectFault(key: "a/b\nc", kind: .missing, detail: "no such object"), ObjectFault(key: "d", kind: .changed, detail: "other bytes")] }
        let run = try await verify(master, backup)
        #expect(run.state == .failed && run.failure?.code == "backup.not-whole" && run.failure?.summary.contains("2 objects") == true)
        let told = try await master.catalog.events(of: run.id).filter { $0.node == "10.0.0.2" && $0.level == .error }
        #expect(told.map(\.code) == ["backup.object-missing", "backup.object-changed"] && told.first?.text.hasPrefix(#"'a/b\nc'"#) == true)
    }

    @Test("of very many faults a hundred are named and the rest counted")
    func manyFaults() async throws {
        let (bench, master, backup) = try await backedUp()
        bench.cluster.change("10.0.0.1") { $0.verifyFaults = (0..<250).map { ObjectFault(key: "\($0)", kind: .cutShort, detail: "") } }
        let run = try await verify(master, backup)
        #expect(try await master.codes(of: run.id).filter { $0 == "backup.object-cut-short" }.count == 100)
        #expect(try await master.texts(of: run.id).contains("and 150 more objects"))
    }

    @Test("a description that is gone or another's is told as such")
    func description() async throws {
        let (bench, master, backup) = try await backedUp()
        let path = bench.storeFolder.appendingPathComponent("clusters/prod/backups/\(backup.id)/backup.json")
        var other = try #require(backup.description)
        other.cluster = ClusterName(unchecked: "other")
        try Data(JSONText.encode(other)).write(to: path)
        #expect(try await verify(master, backup).failure?.code == "store.document-damaged")
        try Data("{".utf8).write(to: path)
        #expect(try await verify(master, backup).failure?.code == "store.document-damaged")
        other.format = 2
        try Data(JSONText.encode(other)).write(to: path)
        #expect(try await verify(master, backup).failure?.code == "store.newer-format")
        try FileManager.default.removeItem(at: path)
        #expect(try await verify(master, backup).failure?.code == "backup.not-in-store")
    }

    @Test("a backup that failed cannot be verified")
    func failedBackup() async throws {
        let (bench, master, _) = try await backedUp()
        bench.cluster.on("snapshot", .fail(Failure("cassandra.x", "x")))
        let failed = try await master.backUp().backup
        #expect(await failure { try await master.operations.startVerify(failed.id) }?.code == "backup.not-complete")
    }

    @Test("nobody in reach is a failure that names the node")
    func nobody() async throws {
        let (bench, master, backup) = try await backedUp()
        bench.cluster.changeAll { $0.reachable = false }
        #expect(try await verify(master, backup).failure?.code == "ssh.unreachable")
        #expect(try await master.isAtRest())
    }

    @Test("a verification that the master's stop broke off ends as interrupted")
    func interrupted() async throws {
        let (bench, master, backup) = try await backedUp()
        let gate = FakeGate()
        bench.cluster.on("job verify", times: 3, .hold(gate))
        let run = try await master.operations.startVerify(backup.id)
        try await gate.reached(3)
        await master.stop()
        let next = try bench.master(master.catalog.path)
        try await next.operations.reconcile()
        #expect(try await next.end(run.id).failure?.code == "run.interrupted")
        #expect(try await next.isAtRest())
        gate.open()
    }
}
