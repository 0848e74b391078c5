import BackupModel
import Foundation
import Testing

extension RealCassandra {
    @Suite(
        "faults while a restore is downloaded", .serialized, .enabled(if: NodesAvailable.cassandra, "no Cassandra can be had on this machine"),
        .enabled(if: SmallFileSystem.isPossible, "this user may not mount a file system in memory"))
    struct TransferFaultRestore {
        @Test("a plan that does not fit the disk is refused, and the cluster is as before")
        func noSpaceForPlan() async throws {
            let (scene, node, backup) = try await prepared(rate: nil)
            let disk = SmallNode.disk, before = LiveData(node)
            try disk.fill(leaving: 4 << 20)
            defer { disk.removeFiller() }
            let plan = try await scene.master.aeneas("restore", "plan", "prod", "--backup", backup)
            #expect(plan.output.contains("needs") && plan.output.contains("beside what is there"), "\(plan)")
            let started = try await scene.master.aeneas("restore", "start", "prod", "--whole-cluster", "--backup", backup, "--yes")
            #expect(started.status == 1 && started.errors.contains("code: restore.no-space") && started.errors.contains("HINT: "), "\(started)")
            before.expectUnchanged(node)
            try await scene.expectNothingLeft()
            scene.master.kill(SIGTERM)
        }

        @Test("a disk that runs full during the download fails the restore: staging is removed, the live data are untouched, nothing was stopped")
        func fullDuringDownload() async throws {
            let (scene, node, backup) = try await prepared(rate: "1MiB")
            let disk = SmallNode.disk, before = LiveData(node)
            let run = try await scene.started("restore", "start", "prod", "--whole-cluster", "--backup", backup, "--yes")
            _ = try await scene.job("stage", on: node)
            _ = try await eventually("something staged") { LiveData.beside(node).isEmpty ? nil : true }
            try disk.fill(leaving: 64 << 10)
            defer { disk.removeFiller() }
            let ended = try await scene.end(of: run)
            #expect(ended.state == "failed")
            #expect(ended.failure?.code == "restore.no-space", "\(ended)")
            #expect(ended.failure?.hint != nil)
            #expect(ended.stages.map(\.name) == ["download"], "nothing was stopped")
            before.expectUnchanged(node)
            disk.removeFiller()
            try await scene.expectNothingLeft()
            let checked = try await FaultRows.shared.check(scene.bed)
            #expect(checked.status == 0, "\(checked)")
            scene.master.kill(SIGTERM)
        }

        @Test("a master killed during the download goes on with it when it is back, and the restore comes to its end")
        func masterKilled() async throws {
            let (scene, node, backup) = try await prepared(rate: "1MiB")
            let before = LiveData(node), run = try await scene.started("restore", "start", "prod", "--whole-cluster", "--backup", backup, "--yes")
            let job = try await scene.job("stage", on: node)
            _ = try await eventually("something staged") { LiveData.beside(node).isEmpty ? nil : true }
            scene.master.kill(SIGKILL)
            #expect(job.isRunning, "the job outlives the master")
            #expect(LiveData(node).process == before.process, "nothing is stopped before all is there")
            try await scene.master.start()
            let ended = try await scene.end(of: run, seconds: 180)
            #expect(ended.state == "succeeded", "\(ended)")
            #expect(!ended.codes.contains("agent.job-died"))
            #expect(LiveData(node).process != before.process)
            let checked = try await FaultRows.shared.check(scene.bed)
            #expect(checked.status == 0, "\(checked)")
            let dropped = try await scene.master.aeneas("restore", "drop", try #require(ended.restore))
            #expect(dropped.status == 0, "\(dropped)")
            #expect(LiveData.beside(node) == [])
            scene.master.kill(SIGTERM)
        }

        private func prepared(rate: String?) async throws -> (FaultScene, TestBed.Description.Node, backup: String) {
            let bed = try await SmallNode.shared.bed(), scene = try await FaultScene(bed, rate: rate), folder = scene.master.folder + "/store-main"
            let added = try await scene.master.addStore("folder", as: "main")
            try #require(added.status == 0, "\(added)")
            let backup = try await scene.master.aeneas("backup", "start", "prod", "--store", "main", "--output", "json")
            try #require(backup.status == 0, "\(backup)")
            let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/clusters/prod/backups")
            return (scene, bed.nodes[0], try #require(names.max()))
        }
    }
}

/// One node whose data folders lie on a small file system of their own.
actor SmallNode {
    static let shared = SmallNode()
    /// Made when it is first asked for, which only tests do that may.
    static let disk: SmallFileSystem = { try! SmallFileSystem(size: "128m") }()
    private var starting: Task<TestBed, any Error>?

    func bed() async throws -> TestBed {
        if let starting { return try await starting.value }
        let task = Task { () throws -> TestBed in
            let bed = try await TestBed.up(nodes: 1), node = bed.nodes[0]
            try await bed.tool("node-stop", node.address)
            for (at, data) in node.dataFolders.enumerated() {
                let place = "\(Self.disk.path)/data\(at)"
                guard try await Subprocess.run("/usr/bin/env", ["mv", data, place]).status == 0 else { throw TestBedError(description: "cannot move \(data)") }
                try FileManager.default.createSymbolicLink(atPath: data, withDestinationPath: place)
            }
            try await bed.tool("node-start", node.address)
            try await bed.tool("node-wait", node.address)
            return bed
        }
        starting = task
        return try await task.value
    }
}

/// A node's live files of the suite's keyspace, and the process that serves them.
struct LiveData {
    let files: [String: StoredFile]
    let process: String

    init(_ node: TestBed.Description.Node) {
        process = (try? String(contentsOfFile: node.home + "/cassandra.pid", encoding: .utf8)) ?? "none"
        var files: [String: StoredFile] = [:]
        for data in node.dataFolders {
            let keyspace = "\(data)/\(FaultRows.keyspace)"
            for table in (try? FileManager.default.contentsOfDirectory(atPath: keyspace)) ?? [] {
                for name in (try? FileManager.default.contentsOfDirectory(atPath: "\(keyspace)/\(table)")) ?? [] where name.hasSuffix(".db") {
                    var status = stat()
                    guard lstat("\(keyspace)/\(table)/\(name)", &status) == 0 else { continue }
                    // Not the change time: a snapshot links the file.
                    files["\(table)/\(name)"] = StoredFile(inode: UInt(status.st_ino), changed: status.st_mtim.tv_sec, size: Int(status.st_size))
                }
            }
        }
        self.files = files
    }

    func expectUnchanged(_ node: TestBed.Description.Node, _ location: SourceLocation = #_sourceLocation) {
        let now = LiveData(node)
        #expect(!files.isEmpty, sourceLocation: location)
        #expect(now.files == files, "live data", sourceLocation: location)
        #expect(now.process == process, "Cassandra was stopped", sourceLocation: location)
        #expect(FileManager.default.fileExists(atPath: "/proc/\(process.trimmingCharacters(in: .whitespacesAndNewlines))"), sourceLocation: location)
        #expect(Self.beside(node) == [], "staging is gone", sourceLocation: location)
    }

    /// What a restore has put beside the data folders.
    static func beside(_ node: TestBed.Description.Node) -> [String] {
        Set(node.dataFolders.map { (($0 as NSString).resolvingSymlinksInPath as NSString).deletingLastPathComponent }).sorted().flatMap { folder in
            ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.contains(".aeneas-") }.map { "\(folder)/\($0)" }
        }
    }
}
