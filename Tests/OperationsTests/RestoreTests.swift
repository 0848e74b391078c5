import BackupModel
import Catalog
import Foundation
@testable import Operations
import TestSupport
import Testing

@Suite struct RestoreTests {
    private let bench: Bench
    private let master: Master

    init() async throws {
        bench = try Bench()
        master = try bench.master()
        try await master.setUp()
        _ = try await master.backUp()
        bench.cluster.forgetLog()
    }

    /// Jobs in the order in which they were carried out.
    private var jobs: [String] { bench.cluster.log.compactMap { $0.contains(" job ") ? $0.split(separator: " job ").joined(separator: " ") : nil } }
    private func steps(_ id: RestoreID) async throws -> [String] { try await master.catalog.restoreNodes(of: id).map(\.step) }
    private func state(_ id: RestoreID) async throws -> RestoreState { try await master.catalog.restore(id).state }
    private func started(_ node: String? = nil) async throws -> (RunRecord, RestoreID) {
        let request = master.restoreRequest(node)
        return try await master.operations.startRestore(request, digest: try await master.operations.planRestore(request).digest)
    }

    @Test("a node is restored step by step, and repaired over all its ranges")
    func node() async throws {
        let (restore, run) = try await master.restore("10.0.0.2")
        #expect(run.state == .succeeded && run.kind == .restoreNode)
        #expect(try await master.stages(of: run.id) == ["download done", "stop done", "place done", "start done", "repair done"])
        #expect(jobs == ["10.0.0.2 stage", "10.0.0.2 stop", "10.0.0.2 place", "10.0.0.2 start", "10.0.0.2 repair"])
        #expect(try await state(restore.id) == .awaitingDecision)
        #expect(try await steps(restore.id) == ["repaired"])
        let repair = bench.cluster.requests.compactMap { request -> RepairWork? in if case .startJob(let job) = request, case .repair(let work) = job.work { work } else { nil } }
        #expect(repair.map(\.primaryRangeOnly) == [false] && repair.first?.keyspaces.map(\.rawValue) == ["shop", "system_auth"])
        #expect(try await master.isAtRest())
    }

    @Test("the commands that stop and start Cassandra are the cluster's own, with the node's names in them as arguments")
    func commands() async throws {
        _ = try await master.restore("10.0.0.2")
        let commands = bench.cluster.requests.compactMap { request -> [String]? in
            guard case .startJob(let job) = request else { return nil }
            switch job.work {
            case .stop(let work), .start(let work): return work.command
            default: return nil
            }
        }
        #expect(commands == [["stop", "10.0.0.2", FakeNode.host(2).rawValue], ["start"]])
    }

    @Test("a node's own state of peers and promises is left out, a cluster's is not; damaged SSTables are in neither")
    func leftOut() async throws {
        func stages() -> [StageWork] { bench.cluster.requests.compactMap { request in if case .startJob(let job) = request, case .stage(let work) = job.work { work } else { nil } } }
        _ = try await master.restore("10.0.0.2")
        #expect(stages().allSatisfy { $0.without == RestoreTables.leftOutForOneNode && $0.withoutDamaged && $0.source == FakeNode.host(2) })
        bench.cluster.forgetLog()
        _ = try await master.restore()
        #expect(stages().count == 3 && stages().allSatisfy { $0.without.isEmpty && $0.withoutDamaged })
    }

    @Test("the cluster: nothing is stopped before all nodes have staged, nothing placed before all are stopped, seeds start first, repairs go one after the other")
    func whole() async throws {
        let (restore, run) = try await master.restore()
        #expect(run.state == .succeeded && run.kind == .restoreCluster)
        let jobs = jobs
        #expect(jobs.map { $0.split(separator: " ")[1] } == ["stage", "stop", "place", "start", "repair"].flatMap { [$0, $0, $0] })
        // The last node is the only seed.
        #expect(jobs[9] == "10.0.0.3 start" && Set(jobs[10...11]) == ["10.0.0.1 start", "10.0.0.2 start"])
        #expect(Set(jobs[12...14]) == Set(bench.cluster.addresses.map { "\($0) repair" }))
        #expect(try await steps(restore.id) == ["repaired", "repaired", "repaired"])
        #expect(bench.cluster.nodes.allSatisfy { $0.running && $0.placed && $0.aside })
    }

    @Test("a second repair begins only when the first has ended")
    func repairsInTurn() async throws {
        let gate = FakeGate()
        bench.cluster.on("job repair", .hold(gate))
        let (run, _) = try await started()
        try await gate.reached()
        #expect(bench.cluster.count("startJob repair") == 1)
        gate.open()
        #expect(try await master.end(run.id).state == .succeeded)
        #expect(bench.cluster.count("startJob repair") == 3)
    }

    @Test("while one node still downloads, none is stopped")
    func nothingStoppedEarly() async throws {
        let gate = FakeGate()
        bench.cluster.on("job stage", "10.0.0.2", .hold(gate))
        let (run, _) = try await started()
        try await gate.reached()
        while bench.cluster.nodes.filter(\.staged).count < 2 { try await Task.sleep(for: .milliseconds(1)) }
        #expect(bench.cluster.count("startJob stop") == 0 && bench.cluster.nodes.allSatisfy { $0.running })
        gate.open()
        #expect(try await master.end(run.id).state == .succeeded)
    }

    @Test("a download that fails leaves no staging folder on any node, nothing stopped, and can be resumed from its beginning")
    func downloadFails() async throws {
        let gate = FakeGate()
        bench.cluster.on("job stage", "10.0.0.2", .hold(gate))
        let (run, id) = try await started()
        try await gate.reached()
        while try await steps(id).filter({ $0 == "staged" }).count < 2 { try await Task.sleep(for: .milliseconds(1)) }
        bench.cluster.change("10.0.0.2") { node in
            for job in node.jobs.keys where node.jobs[job]?.work.word == "stage" { node.jobs[job]?.journal.append(.ended(.failed(Failure("store.cut-short", "object ended early")))) }
        }
        let ended = try await master.end(run.id)
        #expect(ended.failure?.code == "store.cut-short" && ended.failure?.node == "10.0.0.2")
        #expect(try await state(id) == .failed)
        #expect(try await steps(id) == ["planned", "planned", "planned"])
        #expect(bench.cluster.nodes.allSatisfy { $0.running && !$0.staged && !$0.placed } && bench.cluster.count("startJob stop") == 0)
        #expect(try await master.texts(of: run.id).contains("nothing was stopped or changed on any node"))
        #expect(try await master.isAtRest())
        gate.open()
        bench.cluster.forgetLog()
        #expect(try await master.end(try await master.operations.resumeRestore(id).id).state == .succeeded)
        #expect(bench.cluster.count("startJob stage") == 3)
        #expect(try await state(id) == .awaitingDecision)
    }

    @Test("rolling back a restore that touched nothing stops nothing")
    func rollBackUntouched() async throws {
        bench.cluster.on("job stage", "10.0.0.2", .fail(Failure("store.cut-short", "object ended early")))
        let (restore, run) = try await master.restore()
        #expect(run.state == .failed)
        bench.cluster.forgetLog()
        #expect(try await master.end(try await master.operations.rollBackRestore(restore.id).id).state == .succeeded)
        #expect(bench.cluster.count("startJob stop") == 0 && bench.cluster.nodes.allSatisfy { $0.running })
        #expect(try await state(restore.id) == .rolledBack)
    }

    @Test("a stop that fails is never told as nothing stopped: the node may be down")
    func stopFails() async throws {
        bench.cluster.on("job stop", "10.0.0.2", .fail(Failure("cassandra.still-open", "a process holds its files")))
        let (restore, run) = try await master.restore("10.0.0.2")
        #expect(run.failure?.code == "cassandra.still-open")
        #expect(try await steps(restore.id) == ["stopping"])
        #expect(try await state(restore.id) == .failed)
        #expect(try await master.codes(of: run.id).contains("restore.unfinished"))
        #expect(bench.cluster.node("10.0.0.2").staged)
        #expect(try await master.end(try await master.operations.rollBackRestore(restore.id).id).state == .succeeded)
        #expect(bench.cluster.node("10.0.0.2").running && !bench.cluster.node("10.0.0.2").staged)
    }

    @Test("a place that fails leaves the others' work to be finished: resuming goes on from there")
    func placeFailsAndResumes() async throws {
        bench.cluster.on("job place", "10.0.0.2", .fail(Failure("agent.disk", "read-only file system")))
        let (restore, run) = try await master.restore()
        #expect(run.state == .failed && run.failure?.node == "10.0.0.2")
        #expect(try await steps(restore.id) == ["placed", "stopped", "placed"])
        #expect(try await state(restore.id) == .failed)
        #expect(try await master.codes(of: run.id).contains("restore.unfinished"))
        bench.cluster.forgetLog()
        #expect(try await master.end(try await master.operations.resumeRestore(restore.id).id).state == .succeeded)
        #expect(jobs.filter { $0.hasSuffix("stage") }.isEmpty && jobs.filter { $0.hasSuffix("place") } == ["10.0.0.2 place"])
        #expect(try await state(restore.id) == .awaitingDecision && bench.cluster.nodes.allSatisfy { $0.placed && $0.running })
    }

    @Test("a place that fails can be rolled back on every node, and Cassandra runs again")
    func placeFailsAndRollsBack() async throws {
        bench.cluster.on("job place", "10.0.0.2", .fail(Failure("agent.disk", "read-only file system")))
        let (restore, _) = try await master.restore()
        #expect(try await master.end(try await master.operations.rollBackRestore(restore.id).id).state == .succeeded)
        #expect(bench.cluster.nodes.allSatisfy { $0.running && !$0.placed && !$0.staged && !$0.aside })
        #expect(try await state(restore.id) == .rolledBack)
        #expect(try await steps(restore.id) == ["planned", "planned", "planned"])
        #expect(await failure { try await master.operations.rollBackRestore(restore.id) }?.code == "restore.wrong-state")
    }

    @Test("a node whose Cassandra was down before is not started by a rollback")
    func rollBackOfLostNode() async throws {
        bench.cluster.change("10.0.0.2") { $0.running = false }
        let (restore, run) = try await master.restore("10.0.0.2")
        #expect(run.state == .succeeded && bench.cluster.node("10.0.0.2").running)
        let undone = try await master.end(try await master.operations.rollBackRestore(restore.id).id)
        #expect(undone.state == .succeeded && !bench.cluster.node("10.0.0.2").running)
        #expect(try await master.codes(of: undone.id) == ["restore.not-started"])
    }

    @Test("a node that comes up as another stops the restore before it is repaired")
    func identityChanged() async throws {
        bench.cluster.change("10.0.0.2") { $0.startsAs = FakeNode.host(8) }
        let (restore, run) = try await master.restore("10.0.0.2")
        #expect(run.failure?.code == "restore.identity-changed" && run.failure?.node == "10.0.0.2" && bench.cluster.count("startJob repair") == 0)
        #expect(try await steps(restore.id) == ["placed"])
    }

    @Test("a ring that does not become whole in time is told with its trouble")
    func ringNotWhole() async throws {
        var settings = try await master.catalog.cluster(named: Master.cluster).settings
        settings.startTimeoutSeconds = 1
        try await master.catalog.updateCluster(try await master.catalog.cluster(named: Master.cluster).id, settings: settings)
        let (run, _) = try await started("10.0.0.2")
        bench.cluster.change("10.0.0.3") { $0.facts.schemaVersion = "dddddddd-f3cd-3e02-97f0-5b395827453f" }
        let ended = try await master.end(run.id)
        #expect(ended.failure?.code == "restore.ring-not-whole" && ended.failure?.cause?.code == "cluster.schema-disagreement")
    }

    @Test("a peer that was down and taken on does not hold up a node's restore")
    func peerDown() async throws {
        bench.cluster.change("10.0.0.3") { $0.running = false }
        let (_, run) = try await master.restore("10.0.0.2", overrides: ["restore.peer-down"])
        #expect(run.state == .succeeded)
    }

    @Test("a keyspace created after the backup is repaired too")
    func newKeyspace() async throws {
        bench.cluster.changeAll { $0.facts.keyspaces["new"] = ["class": "SimpleStrategy", "replication_factor": "2"] }
        _ = try await master.restore("10.0.0.2")
        let repaired = bench.cluster.requests.compactMap { request -> [String]? in if case .startJob(let job) = request, case .repair(let work) = job.work { work.keyspaces.map(\.rawValue) } else { nil } }
        #expect(repaired == [["new", "shop", "system_auth"]])
    }

    @Test("a repair that fails leaves the restore to be resumed at the repair")
    func repairFails() async throws {
        bench.cluster.on("job repair", "10.0.0.2", .fail(Failure("cassandra.repair-failed", "anticompaction failed")))
        let (restore, run) = try await master.restore("10.0.0.2")
        #expect(run.failure?.code == "cassandra.repair-failed")
        #expect(try await steps(restore.id) == ["started"])
        bench.cluster.forgetLog()
        #expect(try await master.end(try await master.operations.resumeRestore(restore.id).id).state == .succeeded)
        #expect(jobs == ["10.0.0.2 repair"])
    }

    @Test("cancelling a download drops its staging; nothing was stopped")
    func cancelDownload() async throws {
        let gate = FakeGate()
        bench.cluster.on("job stage", "10.0.0.2", .hold(gate))
        let (run, id) = try await started("10.0.0.2")
        try await gate.reached()
        #expect(await master.operations.registry.cancel(run.id))
        #expect(try await master.end(run.id).state == .cancelled)
        #expect(try await state(id) == .failed && bench.cluster.nodes.allSatisfy { $0.running && !$0.staged })
        #expect(bench.cluster.node("10.0.0.2").jobs.values.contains { $0.work.word == "stage" && $0.cancelled })
        gate.open()
    }

    @Test("what was set aside is dropped, kept or rolled back once, and only when it awaits that decision")
    func decisions() async throws {
        let first = try await master.restore("10.0.0.1").restore.id
        #expect(bench.cluster.node("10.0.0.1").aside)
        #expect(try await master.end(try await master.operations.dropRestore(first).id).state == .succeeded)
        #expect(!bench.cluster.node("10.0.0.1").aside && bench.cluster.node("10.0.0.1").running)
        #expect(try await state(first) == .dropped)
        let second = try await master.restore("10.0.0.2").restore.id
        try await master.operations.keepRestore(second)
        #expect(try await state(second) == .kept && bench.cluster.node("10.0.0.2").aside)
        let third = try await master.restore("10.0.0.3").restore.id
        #expect(try await master.end(try await master.operations.rollBackRestore(third).id).state == .succeeded)
        #expect(try await state(third) == .rolledBack && bench.cluster.node("10.0.0.3").running && !bench.cluster.node("10.0.0.3").placed)
        for id in [first, second, third] {
            #expect(await failure { try await master.operations.resumeRestore(id) }?.code == "restore.wrong-state")
            #expect(await failure { try await master.operations.rollBackRestore(id) }?.code == "restore.wrong-state")
            #expect(await failure { try await master.operations.dropRestore(id) }?.code == "restore.wrong-state")
            #expect(await failure { try await master.operations.keepRestore(id) }?.code == "restore.wrong-state")
        }
        #expect(try await master.isAtRest())
    }

    @Test("a drop that fails on one node can be asked for again")
    func dropFails() async throws {
        let id = try await master.restore().restore.id
        bench.cluster.on("job drop", "10.0.0.2", .fail(Failure("agent.disk", "busy")))
        #expect(try await master.end(try await master.operations.dropRestore(id).id).state == .failed)
        #expect(try await state(id) == .awaitingDecision)
        #expect(try await master.end(try await master.operations.dropRestore(id).id).state == .succeeded)
        #expect(try await state(id) == .dropped && bench.cluster.nodes.allSatisfy { !$0.aside })
    }

    @Test("a backup and a restore of one cluster never run at once")
    func locked() async throws {
        let gate = FakeGate()
        bench.cluster.on("job stage", "10.0.0.2", .hold(gate))
        let (run, _) = try await started("10.0.0.2")
        try await gate.reached()
        #expect(await failure { try await master.backUp() }?.code == "catalog.cluster-locked")
        #expect(await failure { try await started("10.0.0.1") }?.code == "catalog.cluster-locked")
        gate.open()
        #expect(try await master.end(run.id).state == .succeeded)
    }

    @Test("a restore can be rolled back while its store is out of reach")
    func rollBackWithoutStore() async throws {
        let id = try await master.restore("10.0.0.2").restore.id
        try FileManager.default.removeItem(at: bench.storeFolder)
        #expect(try await master.end(try await master.operations.rollBackRestore(id).id).state == .succeeded)
    }
}
