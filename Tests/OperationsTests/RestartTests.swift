import BackupModel
import Catalog
import Foundation
@testable import Operations
import Synchronization
import TestSupport
import Testing

/// The master is killed at every one of its calls to a node or the store, before it and after it; the next one starts on the catalogue as it was then.
@Suite(.timeLimit(.minutes(10))) struct RestartTests {
    /// Brings a cluster to where `act` begins, kills the master at each call of `act` in turn, starts another, and has `expect` look at what became of it.
    ///
    /// - Parameter limit: More calls than `act` makes.
    private func sweep(
        _ side: CrashPoint.Side, limit: Int = 400, prepare: (Master) async throws -> Void, act: @escaping @Sendable (Master) async throws -> Void, expect: (Bench, Master, Comment) async throws -> Void
    ) async throws {
        for number in 1...limit {
            let bench = try Bench(nodes: 2), path = bench.newCataloguePath()
            let first = try bench.master(path)
            try await prepare(first)
            await first.stop()
            let killed = try bench.master(path, crash: CrashPoint(number: number, side: side))
            let crash = try #require(killed.crash)
            try await untilKilled(crash) { try await act(killed) }
            let place = Comment(rawValue: "killed \(side.rawValue) call \(number): \(crash.place)")
            await killed.stop()
            guard crash.happened else {
                #expect(number > 10, "the sweep must have something to kill")
                return
            }
            let next = try bench.master(crash.copy)
            try await next.operations.reconcile()
            for run in try await next.catalog.runs() { await next.operations.registry.wait(for: run.id) }
            #expect(try await next.isAtRest(), place)
            try await expect(bench, next, place)
            await next.stop()
        }
        Issue.record("the run makes more than \(limit) calls")
    }

    /// Ends when `body` does or the master was killed in it, whichever is first: a dead master has no time to wait for anything.
    private func untilKilled(_ crash: Crash, _ body: @escaping @Sendable () async throws -> Void) async throws {
        let flag = Flag()
        let work = Task {
            // The call that began the run may be the one that dies.
            _ = await failure { try await body() }
            flag.set()
        }
        while !flag.isSet, !crash.happened { try await Task.sleep(for: .milliseconds(1)) }
        if crash.happened { work.cancel() }
    }

    @Test("a backup whose master is killed at any call is finished or leaves nothing", .longSweep, arguments: CrashPoint.Side.allCases)
    func backup(_ side: CrashPoint.Side) async throws {
        try await sweep(side, prepare: { try await $0.setUp() }, act: { _ = try await $0.backUp() }) { bench, next, place in
            #expect(bench.leftTags == [] && bench.operatorsTagsStand, place)
            for backup in try await next.catalog.backups() {
                #expect((backup.state == .complete) == bench.hasBackup(backup.id), place)
                #expect(backup.state == .complete || backup.state == .failed, place)
                let run = try await next.catalog.run(backup.run)
                #expect((run.state == .succeeded) == (backup.state == .complete), place)
                if let description = backup.description {
                    let path = bench.storeFolder.appendingPathComponent("clusters/prod/backups/\(backup.id)/backup.json")
                    let stored = try JSONText.decode(BackupDescription.self, from: try Data(contentsOf: path))
                    #expect(stored == description, place)
                }
            }
            // Nothing is sent twice: whatever job there was is the only one.
            #expect(bench.cluster.nodes.allSatisfy { $0.jobs.values.allSatisfy { $0.starts == 1 } && $0.jobs.count <= 1 }, place)
            let again = try await next.backUp().run
            #expect(again.state == .succeeded, Comment(rawValue: "\(place.rawValue); then: \(again.failure.map { "\($0)" } ?? again.state.rawValue)"))
        }
    }

    @Test("a restore of the cluster whose master is killed at any call is carried on to its end, or never began", .longSweep, arguments: CrashPoint.Side.allCases)
    func restore(_ side: CrashPoint.Side) async throws {
        try await sweep(side, prepare: { master in
            try await master.setUp()
            _ = try await master.backUp()
        }, act: { _ = try await $0.restore() }) { bench, next, place in
            #expect(bench.cluster.nodes.allSatisfy { $0.running }, place)
            guard let restore = try await next.catalog.restores().first else { return #expect(bench.cluster.nodes.allSatisfy { !$0.staged && !$0.placed }, place) }
            #expect(restore.state == .awaitingDecision, place)
            #expect(bench.cluster.nodes.allSatisfy { $0.placed && $0.aside }, place)
            #expect(try await next.catalog.restoreNodes(of: restore.id).map(\.step) == ["repaired", "repaired"], place)
        }
    }

    @Test("a rollback whose master is killed at any call is carried on to its end", .longSweep, arguments: CrashPoint.Side.allCases)
    func rollBack(_ side: CrashPoint.Side) async throws {
        try await sweep(side, prepare: { master in
            try await master.setUp()
            _ = try await master.backUp()
            _ = try await master.restore()
        }, act: { master in
            let id = try #require(try await master.catalog.restores().first).id
            _ = try await master.end(try await master.operations.rollBackRestore(id).id)
        }) { bench, next, place in
            let states = try await next.catalog.restores().map(\.state)
            #expect(states == [.rolledBack], place)
            #expect(bench.cluster.nodes.allSatisfy { $0.running && !$0.placed && !$0.aside }, place)
        }
    }

    // MARK: a master that is told to stop

    @Test("a master that stops during the upload leaves the agents at work; the next one follows the same jobs on")
    func stopDuringUpload() async throws {
        let bench = try Bench(), master = try bench.master(), gate = FakeGate()
        try await master.setUp()
        bench.cluster.on("job upload", times: 3, .hold(gate))
        let backup = try await master.operations.startBackup(BackupRequest(cluster: Master.cluster))
        try await gate.reached(3)
        await master.stop()
        #expect(bench.cluster.nodes.allSatisfy { $0.jobs.values.allSatisfy { !$0.cancelled } } && bench.leftTags.count == 3)
        let next = try bench.master(master.catalog.path)
        try await next.operations.reconcile()
        #expect(try await next.catalog.run(backup.run).state == .running)
        gate.open()
        #expect(try await next.end(backup.run).state == .succeeded)
        #expect(bench.cluster.nodes.allSatisfy { $0.jobs.values.map(\.starts) == [1] })
        #expect(bench.leftTags == [])
        #expect(try await next.isAtRest())
    }

    @Test("a master that stops before all snapshots are taken fails the backup at its next start, and clears every tag", arguments: ["inspect", "snapshot"])
    func stopBeforeUpload(_ kind: String) async throws {
        let bench = try Bench(), master = try bench.master(), gate = FakeGate()
        try await master.setUp()
        bench.cluster.on(kind, "10.0.0.2", .hold(gate))
        let backup = try await master.operations.startBackup(BackupRequest(cluster: Master.cluster))
        try await gate.reached()
        await master.stop()
        gate.open()
        let next = try bench.master(master.catalog.path)
        try await next.operations.reconcile()
        #expect(try await next.end(backup.run).failure?.code == "backup.interrupted")
        #expect(try await next.catalog.backup(backup.id).state == .failed && bench.leftTags == [] && !bench.hasBackup(backup.id))
        #expect(try await next.isAtRest())
    }

    @Test("a master that stops while tags are cleared has them all cleared by the next one")
    func stopDuringClear() async throws {
        let bench = try Bench(), master = try bench.master(), gate = FakeGate()
        try await master.setUp()
        bench.cluster.on("clear", "10.0.0.2", .hold(gate))
        let backup = try await master.operations.startBackup(BackupRequest(cluster: Master.cluster))
        try await gate.reached()
        async let stopped: Void = master.stop()
        gate.open()
        await stopped
        let next = try bench.master(master.catalog.path)
        try await next.operations.reconcile()
        _ = try await next.end(backup.run)
        #expect(try await next.catalog.backup(backup.id).state == .complete && bench.leftTags == [])
        #expect(try await next.isAtRest())
    }

    @Test("a backup whose store is gone at the next start ends as failed, with its tags cleared")
    func storeGone() async throws {
        let bench = try Bench(), master = try bench.master(), gate = FakeGate()
        try await master.setUp()
        bench.cluster.on("job upload", times: 3, .hold(gate))
        let backup = try await master.operations.startBackup(BackupRequest(cluster: Master.cluster))
        try await gate.reached(3)
        await master.stop()
        try FileManager.default.removeItem(at: bench.storeFolder)
        let next = try bench.master(master.catalog.path)
        try await next.operations.reconcile()
        #expect(try await next.end(backup.run).failure?.code == "store.misconfigured")
        #expect(try await next.catalog.backup(backup.id).state == .failed && bench.leftTags == [])
        #expect(try await next.isAtRest())
        gate.open()
    }

    @Test("a restore whose store is gone at the next start can be resumed once it is back")
    func restoreWithoutStore() async throws {
        let bench = try Bench(), master = try bench.master(), gate = FakeGate()
        try await master.setUp()
        _ = try await master.backUp()
        bench.cluster.on("job stage", "10.0.0.2", .hold(gate))
        let request = master.restoreRequest("10.0.0.2")
        let (run, id) = try await master.operations.startRestore(request, digest: try await master.operations.planRestore(request).digest)
        try await gate.reached()
        await master.stop()
        let hidden = bench.folder.appendingPathComponent("hidden")
        try FileManager.default.moveItem(at: bench.storeFolder, to: hidden)
        let next = try bench.master(master.catalog.path)
        try await next.operations.reconcile()
        #expect(try await next.end(run.id).state == .failed)
        #expect(try await next.isAtRest())
        try FileManager.default.moveItem(at: hidden, to: bench.storeFolder)
        gate.open()
        #expect(try await next.end(try await next.operations.resumeRestore(id).id).state == .succeeded)
    }

    @Test("reconciling a catalogue in which nothing was in work changes nothing")
    func nothing() async throws {
        let bench = try Bench(), master = try bench.master()
        try await master.setUp()
        let backup = try await master.backUp().backup
        await master.stop()
        bench.cluster.forgetLog()
        let next = try bench.master(master.catalog.path)
        try await next.operations.reconcile()
        #expect(bench.cluster.log.isEmpty)
        #expect(try await next.catalog.backup(backup.id) == backup)
    }
}

private final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}

extension Trait where Self == ConditionTrait {
    fileprivate static var longSweep: Self {
        .enabled(if: ProcessInfo.processInfo.environment["AENEAS_TEST_FULL"] == "1", "a long sweep over every call of a run: make test-full")
    }
}
