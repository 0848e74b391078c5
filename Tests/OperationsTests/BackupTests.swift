import BackupModel
import Catalog
import Foundation
@testable import Operations
import TestSupport
import Testing

@Suite struct BackupTests {
    private func ready(nodes: Int = 3) async throws -> (Bench, Master) {
        let bench = try Bench(nodes: nodes), master = try bench.master()
        try await master.setUp()
        bench.cluster.forgetLog()
        return (bench, master)
    }

    /// A run that must have left no backup, no tag of ours and no lock.
    private func expectNothingLeft(_ bench: Bench, _ master: Master, _ backup: BackupRecord, _ state: RunState = .failed) async throws {
        let run = try await master.catalog.run(backup.run)
        #expect(run.state == state && run.endedAt != nil)
        #expect(try await master.catalog.backup(backup.id).state == .failed)
        #expect(!bench.hasBackup(backup.id) && bench.leftTags == [] && bench.operatorsTagsStand)
        #expect(try await master.isAtRest())
    }

    private func start(_ master: Master) async throws -> BackupRecord { try await master.operations.startBackup(BackupRequest(cluster: Master.cluster)) }

    @Test("a backup goes through its stages in order and leaves a description, every manifest and no tag of ours")
    func whole() async throws {
        let (bench, master) = try await ready()
        let (backup, run) = try await master.backUp()
        #expect(run.state == .succeeded && run.failure == nil && backup.state == .complete && backup.damaged == 0)
        #expect(try await master.stages(of: run.id) == ["check done", "snapshot done", "upload done", "finish done", "clear done"])
        let description = try #require(backup.description)
        #expect(description.complete && description.nodes.map(\.address) == bench.cluster.addresses && description.nodes.allSatisfy { $0.part != nil })
        #expect(description.nodes.allSatisfy { $0.clockOffsetMilliseconds != nil } && description.gcGraceSeconds == ["shop.orders": 864_000])
        #expect(backup.sstables == 3 && backup.bytes == description.bytes && backup.sentBytes > 0)
        #expect(bench.leftTags == [] && bench.operatorsTagsStand)
        #expect(try await master.isAtRest())
    }

    @Test("the description in the store is the catalogue's, and is written after everything else of the backup")
    func descriptionLast() async throws {
        let (bench, master) = try await ready()
        let backup = try await master.backUp().backup
        let folder = bench.storeFolder.appendingPathComponent("clusters/prod"), path = folder.appendingPathComponent("backups/\(backup.id)/backup.json")
        #expect(try JSONText.decode(BackupDescription.self, from: try Data(contentsOf: path)) == backup.description)
        func born(_ path: String) throws -> (Int, Int) {
            var status = stat()
            try #require(lstat(bench.storeFolder.appendingPathComponent(path).path, &status) == 0)
            return (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
        }
        let mine = "clusters/prod/backups/\(backup.id)/", last = try born(mine + "backup.json")
        for object in bench.objects where object != mine + "backup.json" { #expect(try born(object) <= last, "\(object)") }
        #expect(bench.objects.filter { $0.hasPrefix(mine) } == [mine + "backup.json"] + bench.cluster.nodes.map { mine + "nodes/\($0.facts.hostID).jsonl.gz" } + [mine + "started.json"])
    }

    @Test("every node is asked for its snapshot before any has answered, over connections that were open before")
    func atOnce() async throws {
        let (bench, master) = try await ready()
        let gate = FakeGate()
        bench.cluster.on("snapshot", times: 3, .hold(gate))
        let backup = try await start(master)
        try await gate.reached(3)
        let log = bench.cluster.log
        #expect(log.suffix(3).allSatisfy { $0.hasSuffix(" snapshot") })
        gate.open()
        #expect(try await master.end(backup.run).state == .succeeded)
        #expect(bench.cluster.count("snapshot") == 3)
    }

    @Test("only the keyspaces that were asked for are named to the nodes; an unknown one is refused before any snapshot")
    func keyspaces() async throws {
        let (bench, master) = try await ready()
        let shop = try KeyspaceName("shop")
        let backup = try await master.backUp([shop]).backup
        #expect(backup.description?.onlyKeyspaces == [shop])
        let asked = bench.cluster.requests.compactMap { request -> [KeyspaceName]? in if case .snapshot(let ask) = request { ask.keyspaces } else { nil } }
        #expect(asked == Array(repeating: [shop], count: 3))
        bench.cluster.forgetLog()
        let refused = try await master.backUp([KeyspaceName("Shop")])
        #expect(refused.run.failure?.code == "backup.unknown-keyspace" && bench.cluster.count("snapshot") == 0)
        try await expectNothingLeft(bench, master, refused.backup)
    }

    @Test("one node's snapshot that fails ends the backup, and every node's tag is cleared")
    func snapshotFails() async throws {
        let (bench, master) = try await ready()
        bench.cluster.on("snapshot", "10.0.0.2", .fail(Failure("cassandra.snapshot-failed", "disk full")))
        let (backup, run) = try await master.backUp()
        #expect(run.failure?.code == "cassandra.snapshot-failed" && run.failure?.node == "10.0.0.2")
        #expect(bench.cluster.count("clear") == 3 && bench.cluster.count("startJob upload") == 0)
        #expect(try await master.stages(of: run.id) == ["check done", "snapshot failed"])
        try await expectNothingLeft(bench, master, backup)
    }

    @Test("a snapshot that was taken but whose answer was lost is cleared too")
    func snapshotAnswerLost() async throws {
        let (bench, master) = try await ready()
        bench.cluster.on("snapshot", "10.0.0.3", .loseAnswer)
        let (backup, run) = try await master.backUp()
        #expect(run.failure?.code == "ssh.connection-lost")
        try await expectNothingLeft(bench, master, backup)
    }

    @Test("a node that is down ends the backup before any snapshot")
    func nodeDown() async throws {
        let (bench, master) = try await ready()
        bench.cluster.change("10.0.0.2") { $0.running = false }
        let (backup, run) = try await master.backUp()
        #expect(run.failure?.code == "cluster.node-down" && bench.cluster.count("snapshot") == 0)
        try await expectNothingLeft(bench, master, backup)
    }

    @Test("an upload that fails on one node cancels the others' jobs and clears every tag")
    func uploadFails() async throws {
        let (bench, master) = try await ready()
        let gate = FakeGate()
        for address in ["10.0.0.1", "10.0.0.3"] { bench.cluster.on("job upload", address, .hold(gate)) }
        bench.cluster.on("job upload", "10.0.0.2", .hold(gate))
        let backup = try await start(master)
        try await gate.reached(3)
        bench.cluster.change("10.0.0.2") { node in
            for id in node.jobs.keys { node.jobs[id]?.journal.append(.ended(.failed(Failure("store.full", "no space left")))) }
        }
        let run = try await master.end(backup.run)
        #expect(run.failure?.code == "store.full" && run.failure?.node == "10.0.0.2")
        for address in ["10.0.0.1", "10.0.0.3"] { #expect(bench.cluster.node(address).jobs.values.allSatisfy { $0.cancelled }) }
        try await expectNothingLeft(bench, master, backup)
        gate.open()
    }

    @Test("a job that dies is started again, at most three times", arguments: [(1, RunState.succeeded), (3, .succeeded), (4, .failed)])
    func jobDies(_ times: Int, _ state: RunState) async throws {
        let (bench, master) = try await ready()
        bench.cluster.on("job upload", "10.0.0.2", times: times, .die)
        let (backup, run) = try await master.backUp()
        #expect(run.state == state)
        #expect(bench.cluster.node("10.0.0.2").jobs.values.map(\.starts) == [min(times, 3) + 1])
        #expect(try await master.codes(of: run.id).filter { $0 == "agent.job-died" }.count == (state == .failed ? 4 : times))
        if state == .failed {
            #expect(run.failure?.code == "agent.job-died")
            try await expectNothingLeft(bench, master, backup)
        }
    }

    @Test("a connection that is lost is followed on where it broke, and nothing is started twice")
    func connectionLost() async throws {
        let (bench, master) = try await ready()
        bench.cluster.on("followJob upload", "10.0.0.2", .loseAfter(events: 1))
        bench.cluster.on("followJob upload", "10.0.0.2", .loseAfter(events: 2))
        bench.cluster.on("startJob upload", "10.0.0.3", .loseAnswer)
        let (_, run) = try await master.backUp()
        #expect(run.state == .succeeded)
        let offsets = bench.cluster.requests.compactMap { request -> Int? in
            guard case .followJob(let id, let after, _) = request, bench.cluster.node("10.0.0.2").jobs[id] != nil else { return nil }
            return after
        }
        #expect(offsets == [0, 1, 3])
        #expect(bench.cluster.nodes.allSatisfy { $0.jobs.values.map(\.starts) == [1] })
        #expect(try await master.texts(of: run.id).filter { $0.hasPrefix("fake upload of") }.sorted() == bench.cluster.addresses.map { "fake upload of \($0)" })
    }

    @Test("a node that stays out of reach ends the run once its time is up")
    func outOfReach() async throws {
        let bench = try Bench()
        var limits = OperationLimits.quick
        limits.outOfReach = .seconds(1)
        let master = try Master(bench, path: bench.newCataloguePath(), crash: nil, limits: limits)
        try await master.setUp()
        let gate = FakeGate()
        bench.cluster.on("job upload", times: 3, .hold(gate))
        let backup = try await start(master)
        try await gate.reached(3)
        bench.cluster.change("10.0.0.2") { $0.reachable = false }
        bench.cluster.cut("10.0.0.2")
        let run = try await master.end(backup.run)
        #expect(run.state == .failed && run.failure?.code == "ssh.unreachable" && run.failure?.node == "10.0.0.2")
        #expect(try await master.codes(of: run.id).contains("backup.snapshot-left"))
        gate.open()
    }

    @Test("an agent that knows the job no more is given it again")
    func noSuchJob() async throws {
        let (bench, master) = try await ready()
        bench.cluster.on("followJob upload", "10.0.0.1", .fail(Failure("agent.no-such-job", "no job", recovery: .bug)))
        #expect(try await master.backUp().run.state == .succeeded)
        #expect(bench.cluster.node("10.0.0.1").jobs.count == 1)
    }

    @Test("a store that is not there is told before a run begins")
    func storeGone() async throws {
        let (bench, master) = try await ready()
        try FileManager.default.removeItem(at: bench.storeFolder)
        #expect(await failure { try await start(master) }?.code == "store.misconfigured")
        #expect(try await master.catalog.runs().isEmpty && bench.cluster.log.isEmpty)
    }

    @Test("a store that was replaced by another under the same path is refused")
    func storeChanged() async throws {
        let (bench, master) = try await ready()
        try FileManager.default.removeItem(at: bench.storeFolder.appendingPathComponent("aeneas.json"))
        #expect(await failure { try await start(master) }?.code == "store.changed")
        #expect(try await master.isAtRest())
    }

    @Test("a store of a newer format is refused")
    func storeNewer() async throws {
        let (bench, master) = try await ready()
        var description = StoreDescription(storeID: ClusterID(unchecked: "6f1c0b46-6f6d-4c3c-9d1e-2f0f5b0a0001"), created: bench.now())
        description.format = 2
        try Data(JSONText.encode(description)).write(to: bench.storeFolder.appendingPathComponent("aeneas.json"))
        #expect(await failure { try await start(master) }?.code == "store.newer-format")
    }

    @Test("a folder in the store that belongs to another cluster is refused before any snapshot")
    func otherCluster() async throws {
        let (bench, master) = try await ready()
        let other = try Master(bench, path: bench.newCataloguePath(), crash: nil, limits: .quick)
        try await other.setUp()
        #expect(try await other.backUp().run.state == .succeeded)
        bench.cluster.forgetLog()
        let (backup, run) = try await master.backUp()
        #expect(run.failure?.code == "store.other-cluster" && bench.cluster.count("snapshot") == 0)
        try await expectNothingLeft(bench, master, backup)
    }

    @Test("a store that fails when the description is to be written leaves no backup")
    func storeFailsAtFinish() async throws {
        let (bench, master) = try await ready()
        let gate = FakeGate()
        bench.cluster.on("job upload", "10.0.0.3", .hold(gate))
        let backup = try await start(master)
        try await gate.reached()
        let path = bench.storeFolder.appendingPathComponent("clusters/prod/backups/\(backup.id)/backup.json")
        try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
        gate.open()
        #expect(try await master.end(backup.run).state == .failed)
        #expect(try await master.catalog.backup(backup.id).state == .failed && bench.leftTags == [])
        #expect(try await master.isAtRest())
    }

    @Test("a manifest that is not what its agent wrote stops the backup before its description")
    func manifestChanged() async throws {
        let (bench, master) = try await ready()
        let gate = FakeGate()
        bench.cluster.on("job upload", "10.0.0.3", .hold(gate))
        let backup = try await start(master)
        try await gate.reached()
        let path = bench.storeFolder.appendingPathComponent("clusters/prod/backups/\(backup.id)/nodes/\(FakeNode.host(1)).jsonl.gz")
        while !FileManager.default.fileExists(atPath: path.path) { try await Task.sleep(for: .milliseconds(1)) }
        while bench.cluster.node("10.0.0.1").jobs.values.contains(where: { $0.outcome == nil }) { try await Task.sleep(for: .milliseconds(1)) }
        var bytes = try Data(contentsOf: path)
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: path)
        gate.open()
        let run = try await master.end(backup.run)
        #expect(run.failure?.code == "manifest.damaged")
        try await expectNothingLeft(bench, master, backup)
    }

    @Test("a second run on a cluster in work is refused, and the first goes on")
    func second() async throws {
        let (bench, master) = try await ready()
        let gate = FakeGate()
        bench.cluster.on("job upload", times: 3, .hold(gate))
        let backup = try await start(master)
        try await gate.reached(3)
        let refused = await failure { try await start(master) }
        #expect(refused?.code == "catalog.cluster-locked" && refused?.summary.contains(backup.run.rawValue) == true)
        #expect(try await master.catalog.runs().count == 1)
        #expect(try await master.catalog.backups().count == 1)
        gate.open()
        #expect(try await master.end(backup.run).state == .succeeded)
        #expect(try await master.backUp().run.state == .succeeded)
    }

    @Test("cancelling during the upload cancels the agents' jobs and clears the tags")
    func cancelUpload() async throws {
        let (bench, master) = try await ready()
        let gate = FakeGate()
        bench.cluster.on("job upload", times: 3, .hold(gate))
        let backup = try await start(master)
        try await gate.reached(3)
        while bench.cluster.count("followJob upload") < 3 { try await Task.sleep(for: .milliseconds(1)) }
        #expect(await master.operations.registry.cancel(backup.run))
        _ = try await master.end(backup.run)
        #expect(bench.cluster.nodes.allSatisfy { $0.jobs.values.allSatisfy { $0.cancelled } })
        try await expectNothingLeft(bench, master, backup, .cancelled)
        gate.open()
    }

    @Test("cancelling at any other moment ends as cancelled and leaves nothing", arguments: ["inspect", "snapshot", "startJob upload"])
    func cancelElsewhere(_ kind: String) async throws {
        let (bench, master) = try await ready()
        let gate = FakeGate()
        bench.cluster.on(kind, "10.0.0.2", .hold(gate))
        let backup = try await start(master)
        try await gate.reached()
        #expect(await master.operations.registry.cancel(backup.run))
        _ = try await master.end(backup.run)
        try await expectNothingLeft(bench, master, backup, .cancelled)
        gate.open()
    }

    @Test("cancelling once the description stands comes too late: the backup is whole and the tags are cleared")
    func cancelTooLate() async throws {
        let (bench, master) = try await ready()
        let gate = FakeGate()
        bench.cluster.on("clear", "10.0.0.2", .hold(gate))
        let backup = try await start(master)
        try await gate.reached()
        #expect(await master.operations.registry.cancel(backup.run))
        gate.open()
        #expect(try await master.end(backup.run).state == .succeeded)
        #expect(try await master.catalog.backup(backup.id).state == .complete && bench.hasBackup(backup.id) && bench.leftTags == [])
    }

    @Test("a run that is not in work cannot be cancelled")
    func cancelUnknown() async throws {
        let (_, master) = try await ready()
        let run = try await master.backUp().run
        #expect(await !master.operations.registry.cancel(run.id))
        #expect(try await master.catalog.run(run.id).state == .succeeded)
    }

    @Test("a tag that cannot be cleared is told with the command for it, and the backup stands")
    func tagLeft() async throws {
        let (bench, master) = try await ready()
        bench.cluster.on("clear", "10.0.0.2", .fail(Failure("cassandra.snapshot-not-cleared", "still there", recovery: .retry)))
        let (backup, run) = try await master.backUp()
        #expect(run.state == .succeeded && backup.state == .complete)
        let told = try await master.catalog.events(of: run.id).first { $0.code == "backup.snapshot-left" }
        #expect(told?.node == "10.0.0.2" && told?.text.contains("nodetool clearsnapshot -t \(backup.id.snapshotTag)") == true)
    }

    @Test("SSTables that were damaged on their node are counted, listed and told")
    func damaged() async throws {
        let (bench, master) = try await ready()
        bench.cluster.change("10.0.0.2") { $0.damaged = true }
        let (backup, run) = try await master.backUp()
        #expect(run.state == .succeeded && backup.damaged == 1 && backup.description?.damaged.map(\.sstable.rawValue) == ["nb-1-big"])
        let told = try await master.catalog.events(of: run.id).first { $0.code == "backup.damaged-at-source" }
        #expect(told?.node == "10.0.0.2" && told?.level == .warning && told?.text.contains("shop.orders") == true)
    }

    @Test("a schema that changes while snapshots are taken is told")
    func schemaChanges() async throws {
        let (bench, master) = try await ready()
        let gate = FakeGate()
        bench.cluster.on("snapshot", "10.0.0.3", .hold(gate))
        let backup = try await start(master)
        try await gate.reached()
        bench.cluster.changeAll { $0.facts.schemaVersion = "bbbbbbbb-f3cd-3e02-97f0-5b395827453f" }
        gate.open()
        #expect(try await master.end(backup.run).state == .succeeded)
        #expect(try await master.codes(of: backup.run).contains("backup.schema-changed"))
    }

    @Test("the next backup names each node's newest manifest to its agent")
    func previousManifest() async throws {
        let (bench, master) = try await ready()
        let first = try await master.backUp().backup
        bench.cluster.on("job upload", .fail(Failure("store.full", "no space")))
        _ = try await master.backUp()
        bench.cluster.forgetLog()
        #expect(try await master.backUp().run.state == .succeeded)
        let given = bench.cluster.requests.compactMap { request -> PreviousManifest? in
            guard case .startJob(let job) = request, case .upload(let work) = job.work else { return nil }
            #expect(work.node.hostID == first.description?.nodes.first { $0.part?.manifestSHA256 == work.previousManifest?.sha256 }?.hostID)
            return work.previousManifest
        }
        #expect(given.count == 3 && given.allSatisfy { $0.backup == first.id })
    }

    @Test("a backup that names no store is refused when its cluster has none")
    func noStore() async throws {
        let bench = try Bench(), master = try bench.master()
        try await master.register { $0.store = nil }
        #expect(await failure { try await start(master) }?.code == "backup.no-store")
    }
}
