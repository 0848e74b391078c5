import BackupModel
import Foundation
import Testing

extension SimulatedCassandra {
    @Suite("a cluster or a catalogue that fails around a pause", .serialized)
    struct ConsistentClusterFault {
        @Test("a schema or a topology that changes in the window makes the backup not consistent, and is named", arguments: ["schema", "topology"])
        func clusterChanges(what: String) async throws {
            let scene = try await PauseScene(), version = "11111111-2222-3333-4444-555555555555", node = scene.bed.nodes[2].address
            let own = try #require((try await scene.master.json("cluster", "show", "prod") as? [String: Any])?["schemaVersion"] as? String)
            let run = try await scene.inWindow("--keep-plain")
            if what == "schema" {
                for node in scene.bed.nodes { try await scene.bed.control(node.address, "schema", version) }
            } else {
                try await scene.bed.control(node, "mode", "LEAVING")
            }
            let ended = try await scene.ended(run), backup = try await scene.master.backup(try #require(run.backup))
            for node in scene.bed.nodes {
                try await scene.bed.control(node.address, "schema", own)
                try await scene.bed.control(node.address, "mode", "NORMAL")
            }
            #expect(ended.state != "failed", "\(ended)")
            #expect(backup.state == "complete" && backup.consistency == "per-node", "\(backup)")
            let doubts = try #require(backup.doubts)
            #expect(doubts.contains { $0.code == (what == "schema" ? "pause.schema-changed" : "pause.cluster-in-trouble") && $0.text.contains(what == "schema" ? version : node) }, "\(doubts)")
            expectFailed(try await scene.master.aeneas("restore", "start", "prod", "--whole-cluster", "--consistent", "--backup", backup.id, "--yes"), "restore.not-consistent")
            #expect(try scene.instances.areAllOpen())
            try await scene.expectNextIsConsistent()
            try await scene.end()
        }

        @Test("without leave to keep a plain one, a backup whose schema changed in the window fails and leaves nothing")
        func nothingKept() async throws {
            let scene = try await PauseScene(), version = "11111111-2222-3333-4444-555555555555"
            let own = try #require((try await scene.master.json("cluster", "show", "prod") as? [String: Any])?["schemaVersion"] as? String)
            let run = try await scene.inWindow()
            for node in scene.bed.nodes { try await scene.bed.control(node.address, "schema", version) }
            let ended = try await scene.ended(run)
            for node in scene.bed.nodes { try await scene.bed.control(node.address, "schema", own) }
            #expect(ended.failure?.code == "backup.not-consistent", "\(ended)")
            try await scene.expectNothingLeft(of: run)
            try await scene.expectNextIsConsistent()
            try await scene.end()
        }

        @Test("a node whose snapshot fails, or that dies in the window, is named; the application is opened first, and no node keeps our tag", arguments: ["fail", "die"])
        func snapshotFails(what: String) async throws {
            let scene = try await PauseScene(), node = scene.bed.nodes[1].address
            try await scene.quick()
            let began = AdminInstances.now
            try await scene.bed.control(scene.bed.nodes[0].address, "slow", "clearSnapshot", "2000")
            if what == "fail" { try await scene.bed.control(node, "fail", "takeSnapshot", "the disk is full") } else { try await scene.bed.control(node, "die", "takeSnapshot") }
            let failing = Task { try await scene.master.aeneas("backup", "start", "prod", "--store", "main", "--consistent") }
            _ = try await eventually("all opened") { (try? scene.instances.opened(since: began)) != nil ? true : nil }
            #expect(try scene.instances.areAllOpen())
            if what == "fail" { #expect(scene.bed.ownSnapshots != [], "the snapshots were cleared before the application was opened") }
            let failed = try await failing.value
            #expect(failed.status == 1 && (failed.output + failed.errors).contains(node), "\(failed)")
            if what == "fail" { #expect((failed.output + failed.errors).contains("the disk is full"), "\(failed)") }
            try await scene.quick()
            let backup = try await scene.master.lastBackup()
            #expect(backup.state == "failed" && backup.description == nil, "\(backup)")
            #expect(scene.bed.ownSnapshots == [])
            try await scene.expectNextIsConsistent()
            try await scene.end()
        }

        @Test("a catalogue that another program locks before the pause refuses the backup, no instance is ever sent Pause, and the run ends once it can be written", arguments: [8, 25])
        func locked(seconds: Int) async throws {
            let scene = try await PauseScene(), run = try await startFlushing(scene), lock = try await CatalogueLock(scene.master)
            try await Task.sleep(for: .seconds(seconds))
            lock.end()
            try await expectRefused(run, scene)
            try await scene.end()
        }

        @Test(
            "a catalogue whose disk is full before the pause refuses the backup, no instance is ever sent Pause, and the run ends once it can be written",
            .enabled(if: SmallFileSystem.isPossible, "no tmpfs may be mounted here"))
        func full() async throws {
            let small = try SmallFileSystem(size: "24m"), scene = try await PauseScene(state: small), run = try await startFlushing(scene)
            try small.fill(leaving: 0)
            try await Task.sleep(for: .seconds(5))
            small.removeFiller()
            try await expectRefused(run, scene)
            try await scene.end()
            small.unmount()
        }

        /// A backup that is about to pause.
        private func startFlushing(_ scene: PauseScene) async throws -> ShownRun {
            for node in scene.bed.nodes { try await scene.bed.control(node.address, "slow", "forceKeyspaceFlush", "500") }
            let run = try await scene.started()
            for _ in 0..<600 {
                if try await scene.show(run.id).stages.contains(where: { $0.name == "flush" }) { return run }
                try await Task.sleep(for: .milliseconds(20))
            }
            throw TestBedError(description: "the run never came to its stage 'flush'")
        }

        private func expectRefused(_ run: ShownRun, _ scene: PauseScene) async throws {
            let ended = try await scene.ended(run, seconds: 60)
            #expect(ended.state == "failed" && ended.failure != nil, "\(ended)")
            try await expectNeverPaused(scene)
            try await scene.expectNextIsConsistent()
        }

        private func expectNeverPaused(_ scene: PauseScene, _ location: SourceLocation = #_sourceLocation) async throws {
            #expect(scene.instances.calls("Pause") == 0, sourceLocation: location)
            #expect(try scene.instances.areAllOpen(), sourceLocation: location)
            #expect(scene.master.objects { $0 == "backup.json" } == [], sourceLocation: location)
        }

        @Test("a second backup of the cluster is refused while the first has its window, and pauses nothing")
        func second() async throws {
            let scene = try await PauseScene(), run = try await scene.inWindow(), before = scene.instances.calls("Pause")
            for kind in ["--consistent", "--plain"] {
                expectFailed(try await scene.master.aeneas("backup", "start", "prod", "--store", "main", kind), "catalog.cluster-locked", saying: [run.id])
            }
            #expect(scene.instances.calls("Pause") == before)
            #expect(try await scene.ended(run).state == "succeeded")
            #expect(try await scene.master.lastBackup().consistency == "transactional")
            try await scene.end()
        }

        @Test("two clusters of one application exclude each other, by the instances' addresses and not by the application's name", arguments: ["shop", "other-name"])
        func twoClusters(application: String) async throws {
            let scene = try await PauseScene(), other = try await TestBed.up(nodes: 1, simulated: true)
            try requireDone(try await scene.master.register(other, as: "other"))
            if application == "shop" {
                try requireDone(try await scene.master.aeneas("cluster", "set", "other", "--application", "shop"))
            } else {
                try await scene.master.addApplication(application, [scene.instances.targets[2]], cluster: "other")
            }
            let run = try await scene.inWindow(), before = scene.instances.calls("Pause")
            let refused = try await scene.master.aeneas("backup", "start", "other", "--store", "main", "--consistent")
            #expect(refused.status == 1 && refused.errors.contains("code: pause."), "\(refused)")
            #expect(scene.instances.calls("Pause") == before)
            let ended = try await scene.ended(run)
            #expect(ended.state == "succeeded", "\(ended)")
            #expect(try await scene.master.lastBackup().consistency == "transactional")
            try requireDone(try await scene.master.aeneas("backup", "start", "other", "--store", "main", "--consistent"))
            try await other.tool("node-stop", other.nodes[0].address)
            try await scene.end()
        }

        @Test("a window that takes longer than allowed is ended by the master: the application opens in time, the backup fails")
        func tooLong() async throws {
            let scene = try await PauseScene(more: ["--window", "2s"], snapshotMilliseconds: 12_000), began = AdminInstances.now, run = try await scene.inWindow()
            try await scene.instances.waitUntilOpen(seconds: 10)
            let answers = scene.instances.entries.filter { $0.call == "Pause" && $0.event == "answered" }.map(\.us), paused = try #require(answers.last)
            #expect(try scene.instances.opened(since: began) - paused < 5_000_000)
            try await scene.quick()
            let ended = try await scene.ended(run)
            #expect(ended.failure?.code == "backup.not-consistent" && ended.codes.contains("pause.window-too-long"), "\(ended)")
            try await scene.expectNothingLeft(of: run)
            try await scene.end()
        }
    }
}

/// Another program's lock on a master's catalogue, as a backup tool or a person with sqlite3 may take it.
private final class CatalogueLock: @unchecked Sendable {
    private let process = Process()
    private let input = Pipe()

    init(_ master: Master) async throws {
        let script = """
            import sqlite3, sys
            connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10)
            connection.execute("BEGIN IMMEDIATE")
            print("locked", flush=True)
            sys.stdin.read()
            """
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: try await TestBed.python())
        process.arguments = ["-c", script, master.folder + "/state/catalogue.sqlite"]
        process.standardOutput = output
        process.standardInput = input
        try process.run()
        #expect(String(decoding: output.fileHandleForReading.availableData, as: UTF8.self).hasPrefix("locked"))
    }

    /// By the end of its input: a process that Foundation starts from a pool's thread may have SIGTERM blocked.
    func end() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    deinit { try? input.fileHandleForWriting.close() }
}
