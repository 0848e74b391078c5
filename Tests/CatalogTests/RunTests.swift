import BackupModel
import Catalog
import Testing

@Suite struct RunTests {
    let fixture: Fixture
    let run = Fixture.run(1)
    let cluster = Fixture.cluster.id
    let later = Fixture.start.advanced(by: 60_000)
    init() throws { fixture = try Fixture() }

    @Test("stages count from 1 and keep what became of them")
    func stages() async throws {
        let catalog = try await fixture.filled()
        #expect(try await catalog.beginStage(run.id, "inspect", at: Fixture.start) == 1)
        try await catalog.endStage(run.id, 1, state: .done, at: later, detail: "3 nodes")
        #expect(try await catalog.beginStage(run.id, "snapshot", at: later) == 2)
        #expect(
            try await catalog.stages(of: run.id) == [
                StageRecord(run: run.id, ordinal: 1, name: "inspect", state: .done, startedAt: Fixture.start, endedAt: later, detail: "3 nodes"),
                StageRecord(run: run.id, ordinal: 2, name: "snapshot", state: .running, startedAt: later),
            ])
        await #expect(throws: CatalogError.unknown(.stage, "3 of run \(run.id)")) { try await catalog.endStage(run.id, 3, state: .done, at: later) }
    }

    @Test("the first end of a run stands, and takes its open stages with it")
    func ends() async throws {
        let catalog = try await fixture.filled()
        let failure = Failure("store.full", "no space", cause: Failure("io", "ENOSPC"))
        _ = try await catalog.beginStage(run.id, "upload", at: Fixture.start)
        #expect(try await catalog.endRun(run.id, state: .failed, failure: failure, at: later))
        #expect(try await !catalog.endRun(run.id, state: .cancelled, at: later.advanced(by: 1)))
        let ended = try await catalog.run(run.id)
        #expect(ended.state == .failed)
        #expect(ended.failure == failure)
        #expect(ended.endedAt == later)
        #expect(try await catalog.stages(of: run.id).map(\.state) == [.failed])
        #expect(try await catalog.unfinishedRuns() == [])
    }

    @Test("after a restart nothing reads running; an interrupted run stays unfinished until it is resumed or ended")
    func reconciliation() async throws {
        let catalog = try await fixture.filled()
        try await catalog.beginRun(Fixture.run(2, .verify))
        _ = try await catalog.beginStage(run.id, "upload", at: Fixture.start)
        _ = try await catalog.acquireLock(cluster, run: run.id, at: Fixture.start)
        await catalog.close()

        let again = try Catalog.open(path: fixture.path)
        #expect(try await again.reconcile(at: later).map(\.state) == [.interrupted, .interrupted])
        #expect(try await again.stages(of: run.id).map(\.state) == [.interrupted])
        #expect(try await again.lock(of: cluster)?.run == run.id)
        #expect(try await again.reconcile(at: later).map(\.id) == [run.id, Fixture.run(2).id])

        try await again.resumeRun(run.id, at: later)
        try await again.endRun(Fixture.run(2).id, state: .failed, at: later)
        #expect(try await again.unfinishedRuns().map(\.state) == [.running])
        #expect(try await again.acquireLock(cluster, run: run.id, at: later) == 2)
        await #expect(throws: CatalogError.self) { try await again.resumeRun(Fixture.run(2).id, at: later) }
    }

    @Test("a cluster is locked by one run at a time, and each holder has a greater epoch")
    func locks() async throws {
        let catalog = try await fixture.filled()
        let second = Fixture.run(2)
        let third = Fixture.run(3)
        try await catalog.beginRun(second)
        #expect(try await catalog.acquireLock(cluster, run: run.id, at: Fixture.start) == 1)
        await #expect(throws: CatalogError.locked(Fixture.cluster.name, by: run.id)) { try await catalog.acquireLock(cluster, run: second.id, at: later) }
        await #expect(throws: CatalogError.locked(Fixture.cluster.name, by: run.id)) { try await catalog.beginLockedRun(third) }
        #expect(try await catalog.runs(cluster: cluster).map(\.id) == [second.id, run.id])
        #expect(try await !catalog.releaseLock(cluster, run: second.id))
        #expect(try await catalog.releaseLock(cluster, run: run.id))
        #expect(try await catalog.lock(of: cluster) == nil)
        #expect(try await catalog.beginLockedRun(third) == 2)
        #expect(try await catalog.lock(of: cluster) == LockRecord(clusterID: cluster, run: third.id, epoch: 2, acquiredAt: third.startedAt))
    }

    @Test("of many who ask at once exactly one gets the lock")
    func lockRace() async throws {
        let catalog = try await fixture.filled()
        let won = await withTaskGroup(of: Bool.self) { group in
            for number in UInt8(10)..<30 { group.addTask { (try? await catalog.beginLockedRun(Fixture.run(number))) != nil } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(won == 1)
        #expect(try await catalog.runs().count == 2)
    }

    @Test("a row that refers to what is not there is refused")
    func foreignKeys() async throws {
        let catalog = try await fixture.filled()
        let absent = Fixture.run(9).id
        func refused(_ body: () async throws -> Void) async {
            await #expect { try await body() } throws: { if case .danglingReference? = $0 as? CatalogError { true } else { false } }
        }
        await refused { _ = try await catalog.beginStage(absent, "upload", at: later) }
        await refused { try await catalog.appendEvent(absent, at: later, level: .info, text: "x") }
        await refused { _ = try await catalog.acquireLock(cluster, run: absent, at: later) }
        var stray = Fixture.run(4)
        stray.clusterID = ClusterID(unchecked: "6f1c0b46-6f6d-4c3c-9d1e-2f0f5b0a0009")
        await refused { [stray] in try await catalog.beginRun(stray) }
        #expect(try await catalog.lock(of: cluster) == nil)
    }

    @Test("a run without a cluster is a pause, is listed with the others but not with a cluster's, and holds no cluster's lock")
    func withoutCluster() async throws {
        let catalog = try await fixture.filled()
        var pause = Fixture.run(2, .pause)
        pause.clusterID = nil
        try await catalog.beginRun(pause)
        #expect(try await catalog.run(pause.id) == pause)
        #expect(try await catalog.runs().map(\.id) == [pause.id, run.id])
        #expect(try await catalog.runs(cluster: cluster).map(\.id) == [run.id])
        #expect(try await catalog.unfinishedRuns().map(\.id) == [run.id, pause.id])
        #expect(try await !catalog.releaseLock(pause.clusterID, run: pause.id))
        #expect(throws: CatalogError.self) { try pause.cluster }
        await #expect(throws: CatalogError.self) { try await catalog.beginLockedRun(pause) }
        var backup = Fixture.run(3)
        backup.clusterID = nil
        await #expect(throws: CatalogError.self) { try await catalog.beginRun(backup) }
        #expect(try await catalog.runs().count == 2)
    }

    @Test("10,000 events keep their order and are read in pages")
    func manyEvents() async throws {
        let catalog = try await fixture.filled()
        try await catalog.beginRun(Fixture.run(2))
        for number in 1...10_000 { try await catalog.appendEvent(run.id, at: Fixture.start.advanced(by: number), level: .info, text: "event \(number)") }
        #expect(try await catalog.appendEvent(Fixture.run(2).id, at: later, level: .error, text: "other run").number == 1)
        var seen: [RunEvent] = []
        while true {
            let page = try await catalog.events(of: run.id, after: seen.last?.number ?? 0, limit: 999)
            if page.isEmpty { break }
            seen += page
        }
        #expect(seen.map(\.number) == Array(1...10_000))
        #expect(seen.last?.text == "event 10000")
    }

    @Test("text of any kind comes back as it was, in every place that takes text")
    func hostileText() async throws {
        let catalog = try await fixture.filled()
        let text = "'; DROP TABLE run; -- \0 \u{202E} \n ✓"
        let event = try await catalog.appendEvent(run.id, at: later, level: .error, node: text, text: text, code: text)
        #expect(try await catalog.events(of: run.id) == [event])
        let node = RunNodeRecord(run: run.id, hostID: Fixture.host(1), address: text, stage: text, state: text, failure: Failure("a.b", text), updatedAt: later)
        try await catalog.setRunNode(node)
        #expect(try await catalog.runNodes(of: run.id) == [node])
    }

    @Test("a node's row in a run is replaced by the newer one")
    func runNodes() async throws {
        let catalog = try await fixture.filled()
        var node = RunNodeRecord(
            run: run.id, hostID: Fixture.host(1), address: "10.0.0.1", stage: "upload", state: "running", progress: Progress(phase: "upload"),
            updatedAt: Fixture.start)
        try await catalog.setRunNode(node)
        node.job = .ulid(at: later, random: [UInt8](repeating: 7, count: 10))
        node.progress = Progress(phase: "upload", itemsDone: 3, itemsTotal: 9, bytesDone: 1 << 40, bytesTotal: 1 << 41)
        node.updatedAt = later
        try await catalog.setRunNode(node)
        #expect(try await catalog.runNodes(of: run.id) == [node])
    }

    @Test("a watcher is told of every run that changed, each once, however many changes there were")
    func changes() async throws {
        let catalog = try await fixture.filled()
        try await catalog.beginRun(Fixture.run(2))
        let changes = await catalog.changes()
        for number in 0..<1000 { try await catalog.appendEvent(run.id, at: later, level: .info, text: "\(number)") }
        try await catalog.endRun(Fixture.run(2).id, state: .succeeded, at: later)
        _ = try await catalog.beginStage(run.id, "upload", at: later)
        await catalog.close()
        #expect(await changes.reduce(into: []) { $0.append($1) } == [run.id, Fixture.run(2).id])
    }

    @Test("a watcher that waits is woken by the next change, and ends when its task is cancelled")
    func waiting() async throws {
        let catalog = try await fixture.filled()
        let changes = await catalog.changes()
        let forever = await catalog.changes()
        let first = Task { await changes.first { _ in true } }
        let endless = Task { await forever.reduce(0) { count, _ in count + 1 } }
        try await catalog.appendEvent(run.id, at: later, level: .info, text: "x")
        #expect(await first.value == run.id)
        endless.cancel()
        #expect(await endless.value <= 1)
    }
}
