import BackupModel
import Catalog
import Foundation
@testable import Operations
import ScalarAdmin
import TestSupport
import Testing

/// A master whose cluster names an application of three fake instances. The names of the tests bear the numbers of the guarantees that they show.
@Suite(.serialized) struct ConsistentBackupTests {
    static let application = ApplicationName(unchecked: "bank")

    private func ready(nodes: Int = 3, _ change: (inout ApplicationSettings) -> Void = { _ in }) async throws -> (Bench, Master) {
        let bench = try Bench(nodes: nodes), master = try bench.master()
        try await master.addApplication(change)
        try await master.setUp { $0.application = Self.application }
        bench.cluster.forgetLog()
        return (bench, master)
    }

    private func expectNothingLeft(_ bench: Bench, _ master: Master, _ backup: BackupRecord, state: RunState = .failed) async throws {
        #expect(bench.application.paused == [])
        #expect(try await master.catalog.openPauses() == [])
        let run = try await master.catalog.run(backup.run)
        #expect(run.state == state && run.endedAt != nil)
        #expect(try await master.catalog.backup(backup.id).state == .failed)
        #expect(!bench.hasBackup(backup.id) && bench.leftTags == [] && bench.operatorsTagsStand)
        #expect(try await master.isAtRest())
    }

    @Test("a consistent backup pauses every instance, snapshots every node in the window, opens all, and keeps the window with the backup (4, 7, 8, 9, 16)")
    func whole() async throws {
        let (bench, master) = try await ready()
        let (backup, run) = try await master.backUpConsistently()
        #expect(run.state == .succeeded, "\(String(describing: run.failure))")
        #expect(backup.state == .complete && backup.consistency == .transactional)
        #expect(try await master.stages(of: run.id) == ["check done", "flush done", "snapshot done", "compare done", "upload done", "finish done", "clear done"])
        let description = try #require(backup.description), window = try #require(description.pause)
        #expect(description.consistency == .transactional && window.isConsistent && window.targets == bench.application.targets && window.unverified == [])
        #expect(window.nodes.count == 3 && window.nodes.allSatisfy { 0 <= $0.sentMicroseconds && $0.sentMicroseconds <= $0.answeredMicroseconds && $0.answeredMicroseconds <= window.windowMicroseconds })
        #expect(window.nodes.allSatisfy { $0.serverMicroseconds == 40_000 })
        #expect(bench.application.paused == [])
        for target in window.targets {
            let calls = window.calls.filter { $0.target == target }
            #expect(calls.filter { $0.name == .pause }.map(\.outcome) == ["ok"] && calls.filter { $0.name == .unpause }.map(\.outcome) == ["ok"])
            let paused = try #require(calls.first { $0.name == .pause }), opened = try #require(calls.first { $0.name == .unpause })
            // Asked after the Pause, after the last snapshot, and after the Unpause.
            #expect(calls.filter { $0.name == .checkPaused && $0.sentMicroseconds > paused.sentMicroseconds && $0.sentMicroseconds < opened.sentMicroseconds && $0.outcome == "paused" }.count >= 2)
            #expect(calls.last?.outcome == "open")
        }
        #expect(try await master.catalog.openPauses() == [])
        #expect(try await master.isAtRest())
        #expect(bench.guards.seen.started.count == 1 && bench.guards.seen.released == 1)
    }

    @Test("memtables are flushed twice before the first Pause, and within the window each node is sent one message")
    func shortWindow() async throws {
        let (bench, master) = try await ready()
        _ = try await master.backUpConsistently()
        #expect(bench.cluster.count("flush") == 6 && bench.cluster.count("snapshot") == 3)
        let log = bench.cluster.log, first = try #require(log.firstIndex { $0.hasSuffix(" snapshot") }), last = try #require(log.lastIndex { $0.hasSuffix(" snapshot") })
        #expect(log[..<first].filter { $0.hasSuffix(" flush") }.count == 6)
        #expect(log[first...last].allSatisfy { $0.hasSuffix(" snapshot") })
    }

    @Test("the intent and the targets' locks stand in the catalogue before the first Pause is sent (5)")
    func intentFirst() async throws {
        let (bench, master) = try await ready()
        let gate = FakeGate()
        bench.cluster.on("flush", "10.0.0.3", times: 1, .hold(FakeGate.opened))
        bench.cluster.on("snapshot", "10.0.0.2", .hold(gate))
        let backup = try await master.startConsistently()
        try await gate.reached()
        let open = try await master.catalog.openPauses()
        #expect(open.count == 1 && open.first?.access.targets == bench.application.targets && open.first?.run == backup.run)
        gate.open()
        _ = try await master.end(backup.run)
        #expect(try await master.catalog.openPauses() == [])
        let pause = try #require(try await master.catalog.pauses().first)
        let calls = try await master.catalog.pauseCalls(of: pause.id)
        #expect(pause.state == .ended && calls.contains { $0.name == .pause } && pause.window?.isConsistent == true)
    }

    @Test("one instance that does not drain in time ends the backup with all open, before any snapshot (4)")
    func drainFails() async throws {
        let (bench, master) = try await ready()
        bench.application.tell(bench.application.targets[1], .failingDrain)
        let (backup, run) = try await master.backUpConsistently()
        #expect(run.failure?.code == "pause.drain-failed")
        #expect(bench.cluster.count("snapshot") == 0)
        #expect(bench.application.targets.allSatisfy { !bench.application.calls(.unpause, of: $0).isEmpty })
        try await expectNothingLeft(bench, master, backup)
    }

    @Test("an instance that never answers to Pause is given up, all are opened, and nobody waits for it beyond its limit (3, 6)")
    func silentPause() async throws {
        let (bench, master) = try await ready { $0.drainSeconds = 1 }
        bench.application.tell(bench.application.targets[0], .silent([.pause]))
        let (backup, run) = try await master.backUpConsistently()
        #expect(["pause.no-answer", "pause.failed"].contains(run.failure?.code))
        #expect(try await master.codes(of: run.id).contains("pause.watched-late"))
        try await expectNothingLeft(bench, master, backup)
    }

    @Test("instances that the preflight finds paused, silent or unable to say so are refused before anything is paused (2, 17)", arguments: [
        (InstanceBehaviour.stop, "pause.target-unreachable"), (.silent([.checkPaused]), "pause.target-unreachable"), (.withoutCheck, "pause.unverifiable")
    ])
    func preflight(_ behaviour: InstanceBehaviour, _ code: String) async throws {
        let (bench, master) = try await ready()
        bench.application.tell(bench.application.targets[2], behaviour)
        let (backup, run) = try await master.backUpConsistently()
        #expect(run.failure?.code == code)
        #expect(!bench.application.calls.contains { $0.name == .pause })
        try await expectNothingLeft(bench, master, backup)
    }

    @Test("an application that somebody else has paused is left as it is")
    func pausedElsewhere() async throws {
        let (bench, master) = try await ready(), target = bench.application.targets[0]
        try bench.application.link(target).pause(waitSeconds: 1)
        let run = try await master.backUpConsistently().run
        #expect(run.failure?.code == "pause.already-paused" && bench.application.paused == [target])
    }

    @Test("an instance that opens its gate within the window makes the backup not consistent, and it is not kept (9, 14)")
    func opensItself() async throws {
        let (bench, master) = try await ready()
        let gate = FakeGate()
        bench.cluster.on("snapshot", "10.0.0.2", .hold(gate))
        bench.application.tell(bench.application.targets[1], .reopen(milliseconds: 20))
        let (backup, run) = try await master.backUpConsistently()
        #expect(run.failure?.code == "backup.not-consistent")
        #expect(try await master.codes(of: run.id).contains("pause.target-open"))
        gate.open()
        try await expectNothingLeft(bench, master, backup)
    }

    @Test("an instance that restarts within the window makes the backup not consistent (9)")
    func restarts() async throws {
        let (bench, master) = try await ready()
        let gate = FakeGate()
        bench.cluster.on("snapshot", "10.0.0.2", .hold(gate))
        let backup = try await master.startConsistently()
        try await gate.reached()
        bench.application.tell(bench.application.targets[1], .restart)
        gate.open()
        let run = try await master.end(backup.run)
        #expect(run.failure?.code == "backup.not-consistent")
        let codes = try await master.codes(of: run.id)
        #expect(codes.contains("pause.target-open") || codes.contains("pause.target-restarted"))
        try await expectNothingLeft(bench, master, backup)
    }

    @Test("a window longer than allowed is ended while a node still works on its snapshot: the application is open before that node answers (6)")
    func tooLong() async throws {
        let (bench, master) = try await ready { $0.windowSeconds = 1 }
        let gate = FakeGate()
        bench.cluster.on("snapshot", "10.0.0.2", .hold(gate))
        let (backup, run) = try await master.backUpConsistently()
        #expect(run.failure?.code == "backup.not-consistent")
        #expect(try await master.codes(of: run.id).contains("pause.window-too-long"))
        #expect(bench.application.paused == [])
        gate.open()
        try await expectNothingLeft(bench, master, backup)
    }

    @Test("a node whose snapshot fails ends the backup; the application is open and every tag of ours cleared")
    func snapshotFails() async throws {
        let (bench, master) = try await ready()
        bench.cluster.on("snapshot", "10.0.0.2", .fail(Failure("cassandra.snapshot-failed", "fake: no")))
        let (backup, run) = try await master.backUpConsistently()
        #expect(run.failure?.code == "cassandra.snapshot-failed")
        try await expectNothingLeft(bench, master, backup)
    }

    @Test("a run that is cancelled in the window opens the application first")
    func cancelled() async throws {
        let (bench, master) = try await ready()
        let gate = FakeGate()
        bench.cluster.on("snapshot", "10.0.0.2", .hold(gate))
        let backup = try await master.startConsistently()
        try await gate.reached()
        #expect(bench.application.paused == bench.application.targets)
        #expect(await master.operations.registry.cancel(backup.run))
        _ = try await master.end(backup.run)
        gate.open()
        try await expectNothingLeft(bench, master, backup, state: .cancelled)
    }

    @Test("a master that is told to stop in the window opens the application before it ends; its next start fails the run")
    func stopped() async throws {
        let bench = try Bench(nodes: 3), path = bench.newCataloguePath(), master = try bench.master(path)
        try await master.addApplication()
        try await master.setUp { $0.application = Self.application }
        let gate = FakeGate()
        bench.cluster.on("snapshot", "10.0.0.2", .hold(gate))
        let backup = try await master.startConsistently()
        try await gate.reached()
        await master.stop()
        #expect(bench.application.paused == [])
        gate.open()
        let next = try bench.master(path)
        try await next.operations.reconcile()
        _ = try await next.end(backup.run)
        try await expectNothingLeft(bench, next, backup)
    }

    @Test("a schema or a topology that changed meanwhile makes the backup not consistent (10)", arguments: ["schema", "keyspaces", "tokens"])
    func changed(_ what: String) async throws {
        let (bench, master) = try await ready()
        let gate = FakeGate()
        bench.cluster.on("snapshot", "10.0.0.2", .hold(gate))
        let backup = try await master.startConsistently()
        try await gate.reached()
        bench.cluster.changeAll { node in
            switch what {
            case "schema": node.facts.schemaVersion = "00000000-0000-3000-8000-000000000001"
            case "keyspaces": node.facts.keyspaces["other"] = ["class": "SimpleStrategy", "replication_factor": "1"]
            default: node.facts.tokens += ["17"]
            }
        }
        gate.open()
        let run = try await master.end(backup.run)
        #expect(run.failure?.code == "backup.not-consistent")
        #expect(try await master.codes(of: run.id).contains(what == "tokens" ? "pause.topology-changed" : "pause.schema-changed"))
        try await expectNothingLeft(bench, master, backup)
    }

    @Test("one that is not consistent is kept as a plain one when asked for: complete, per node, with every doubt, and the run is no success (14)")
    func keptPlain() async throws {
        let (bench, master) = try await ready { $0.allowUnverified = true }
        bench.application.tell(bench.application.targets[2], .withoutCheck)
        let (backup, run) = try await master.backUpConsistently { $0.keepPlain = true }
        #expect(run.state == .partlyFailed && backup.state == .complete && backup.consistency == .perNode)
        let window = try #require(backup.description?.pause)
        #expect(backup.description?.consistency == .perNode && window.doubts.map(\.code) == ["pause.unverifiable"] && window.unverified == [bench.application.targets[2]])
        #expect(bench.application.paused == [] && bench.leftTags == [])
        let refused = await failure { try await master.operations.planRestore(RestoreRequest(cluster: Master.cluster, consistent: true)) }
        #expect(refused?.code == "restore.no-backup")
        let named = await failure { try await master.operations.planRestore(RestoreRequest(cluster: Master.cluster, backup: backup.id, consistent: true)) }
        #expect(named?.code == "restore.not-consistent")
    }

    @Test("unverifiable instances never give a consistent backup, also where the setting allows them (17)")
    func unverifiable() async throws {
        let (bench, master) = try await ready { $0.allowUnverified = true }
        bench.application.tell(bench.application.targets[2], .withoutCheck)
        let (backup, run) = try await master.backUpConsistently()
        #expect(run.failure?.code == "backup.not-consistent")
        try await expectNothingLeft(bench, master, backup)
    }

    @Test("a cluster restore that is to be consistent takes the newest consistent backup, not the newest (14)")
    func restoresConsistent() async throws {
        let (_, master) = try await ready()
        let consistent = try await master.backUpConsistently().backup
        _ = try await master.backUp()
        #expect(try await master.operations.planRestore(RestoreRequest(cluster: Master.cluster, consistent: true)).backup == consistent.id)
        let plan = try await master.operations.planRestore(RestoreRequest(cluster: Master.cluster))
        #expect(plan.backup != consistent.id && plan.overridesNeeded == ["restore.per-node"])
    }

    @Test("an instance that answers OK and stays paused is told again until it says that it is open (16)")
    func stubborn() async throws {
        let (bench, master) = try await ready()
        bench.application.tell(bench.application.targets[1], .ignoreUnpause(times: 2))
        let (backup, run) = try await master.backUpConsistently()
        #expect(run.state == .succeeded && backup.consistency == .transactional && bench.application.paused == [])
    }

    @Test("an instance that cannot be opened fails the run with the command to do it by hand; the trying goes on, and its targets are taken by nobody else (2, 6)")
    func cannotOpen() async throws {
        let (bench, master) = try await ready(), target = bench.application.targets[1]
        bench.application.tell(target, .silent([.unpause]))
        let (backup, run) = try await master.backUpConsistently()
        #expect(run.failure?.code == "pause.not-opened")
        #expect(run.failure?.hint?.contains("/rpc.Admin/Unpause") == true && run.failure?.hint?.contains(target.description) == true)
        let pause = try #require(try await master.catalog.openPauses().first)
        #expect(pause.state == .unconfirmed && bench.application.paused == [target])
        let second = try await master.backUpConsistently().run
        #expect(["catalog.target-in-use", "pause.target-in-use", "pause.already-paused"].contains(second.failure?.code), "\(second.failure?.code ?? "-")")
        bench.application.tell(target, .normal)
        await master.operations.environment.pauseKeeper.wait(for: pause.id)
        try await expectNothingLeft(bench, master, backup)
        #expect(try await master.codes(of: backup.run).contains("pause.ended-late"))
    }

    @Test("without a guardian beside the master nothing is paused", arguments: [true, false])
    func noGuardian(_ refuses: Bool) async throws {
        let (bench, master) = try await ready()
        bench.guards.tell { state in
            if refuses { state.refuses = true } else { state.unreached = [bench.application.targets[0]: "refused"] }
        }
        let (backup, _) = try await master.backUpConsistently()
        #expect(!bench.application.calls.contains { $0.name == .pause })
        try await expectNothingLeft(bench, master, backup)
    }

    @Test("a second guardian is a job on a node, ended when all is open; without one the run says so, or refuses where the settings ask for it", arguments: [false, true])
    func nodeGuardian(_ required: Bool) async throws {
        let (bench, master) = try await ready { $0.requireNodeGuardian = required }
        let first = try await master.backUpConsistently().run
        #expect(first.state == .succeeded && bench.cluster.log.contains { $0.hasSuffix("startJob guard") } && bench.cluster.log.contains { $0.hasSuffix("cancelJob guard") })
        bench.cluster.on("job guard", times: 10, .fail(Failure("pause.guardian-cannot-reach", "fake: no way")))
        let second = try await master.backUpConsistently().run
        #expect(second.state == (required ? .failed : .succeeded))
        let codes = try await master.codes(of: second.id)
        #expect(codes.contains("pause.no-second-guardian"))
        #expect(bench.application.paused == [])
    }

    @Test("two clusters with one application exclude each other, and a second backup of one cluster is refused (1)")
    func exclusive() async throws {
        let (bench, master) = try await ready()
        let gate = FakeGate()
        bench.cluster.on("snapshot", "10.0.0.2", .hold(gate))
        let backup = try await master.startConsistently()
        try await gate.reached()
        let again = await failure { try await master.startConsistently() }
        #expect(again?.code == "catalog.cluster-locked")
        let (other, _) = try await master.operations.startPause(PauseRequest(application: Self.application, holdMilliseconds: 10))
        let ended = try await master.end(other.id)
        #expect(ended.state == .failed && ["pause.already-paused", "pause.target-in-use"].contains(ended.failure?.code))
        gate.open()
        #expect(try await master.end(backup.run).state == .succeeded)
    }

    @Test("a subset of the keyspaces is refused, and so are commands without a pause (11)")
    func refused() async throws {
        let (_, master) = try await ready()
        let subset = await failure { try await master.operations.startBackup(BackupRequest(cluster: Master.cluster, keyspaces: [KeyspaceName(unchecked: "shop")], consistent: true)) }
        #expect(subset?.code == "backup.subset-not-consistent")
        let command = WindowCommand(name: FileName(unchecked: "dump"), words: ["true"])
        let plain = await failure { try await master.operations.startBackup(BackupRequest(cluster: Master.cluster, consistent: false, commands: [command])) }
        #expect(plain?.code == "backup.command-needs-pause")
    }

    @Test("a cluster without an application refuses; one whose settings say so is consistent by default")
    func settings() async throws {
        let bench = try Bench(nodes: 3), master = try bench.master()
        try await master.addApplication()
        try await master.setUp()
        let refused = await failure { try await master.startConsistently() }
        #expect(refused?.code == "backup.no-application")
        let cluster = try await master.catalog.cluster(named: Master.cluster)
        var settings = cluster.settings
        (settings.application, settings.consistent) = (Self.application, true)
        try await master.catalog.updateCluster(cluster.id, settings: settings)
        #expect(try await master.backUp().backup.consistency == .transactional)
    }
}

extension FakeGate {
    static var opened: FakeGate {
        let gate = FakeGate()
        gate.open()
        return gate
    }
}

extension Master {
    func addApplication(_ change: (inout ApplicationSettings) -> Void = { _ in }) async throws {
        var settings = ApplicationSettings(targets: bench.application.targets, callSeconds: 2)
        change(&settings)
        _ = try await operations.addApplication(ConsistentBackupTests.application, settings)
    }

    func startConsistently(_ change: (inout BackupRequest) -> Void = { _ in }) async throws -> BackupRecord {
        var request = BackupRequest(cluster: Master.cluster, consistent: true)
        change(&request)
        return try await operations.startBackup(request)
    }

    func backUpConsistently(_ change: (inout BackupRequest) -> Void = { _ in }) async throws -> (backup: BackupRecord, run: RunRecord) {
        let backup = try await startConsistently(change)
        let run = try await end(backup.run)
        return (try await catalog.backup(backup.id), run)
    }
}
