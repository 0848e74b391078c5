import BackupModel
import Foundation
import JMX
import Testing

extension RealCassandra {
    @Suite("faults of the master itself", .serialized, .enabled(if: NodesAvailable.cassandra, "no Cassandra can be had on this machine"))
    struct MasterFault {
        @Test("a master killed or stopped during the upload finds the jobs at work when it is back, and sends nothing twice", arguments: [SIGKILL, SIGTERM])
        func duringUpload(signal: Int32) async throws {
            let scene = try await FaultScene(SharedBed.cassandra.bed(), rate: "1MiB"), store = scene.master.folder + "/store-main"
            let run = try await scene.startBackup()
            for node in scene.bed.nodes { _ = try await scene.job("upload", on: node) }
            _ = try await eventually("an object in the store") { StoredFile.all(in: store).count >= 2 ? true : nil }
            scene.master.kill(signal)
            let before = StoredFile.all(in: store), jobs = JobProcess.running(scene.bed, scene.master)
            #expect(jobs.filter { $0.kind == "upload" }.count == scene.bed.nodes.count, "the jobs outlive the master")
            try await scene.master.start()
            let ended = try await scene.end(of: run), after = StoredFile.all(in: store)
            #expect(ended.state == "succeeded", "\(ended)")
            #expect(!ended.codes.contains("agent.job-died"))
            before.expectUnchanged(in: after)
            #expect(try await scene.sentBytes(of: run) == after.bytes)
            let verified = try await scene.master.aeneas("backup", "verify", try #require(run.backup))
            #expect(verified.status == 0, "\(verified)")
            try await scene.expectNothingLeft()
            scene.master.kill(SIGTERM)
        }

        @Test("a master killed while snapshots are taken fails the run when it is back, and clears the snapshots, also the one that was not finished")
        func duringSnapshot() async throws {
            let scene = try await FaultScene(SharedBed.cassandra.bed()), slow = scene.bed.nodes[1], store = scene.master.folder + "/store-main"
            try linksPerSecond(4, on: slow)
            defer { try? linksPerSecond(0, on: slow) }
            let run = try await scene.startBackup(), tag = "aeneas-" + (try #require(run.backup))
            _ = try await eventually("a snapshot half taken") { snapshots(slow).contains(tag) ? true : nil }
            let agents = servingAgents(scene.bed)
            #expect(!agents.isEmpty)
            scene.master.kill(SIGKILL)
            #expect(snapshotFolders(tag, on: slow) < 6, "the fault came too late to prove anything")
            try await scene.master.start()
            let ended = try await scene.end(of: run)
            #expect(ended.state == "failed")
            #expect(ended.failure?.code == "backup.interrupted", "\(ended)")
            #expect(ended.failure?.hint != nil)
            // Cassandra goes on with a snapshot that nobody waits for any more: the agent that asked for it sees to its end.
            _ = try await eventually("the end of the first master's agents") { servingAgents(scene.bed).isDisjoint(with: agents) ? true : nil }
            try linksPerSecond(0, on: slow)
            try await scene.expectNoBackup(of: ended, in: store)
            try await scene.expectNextBackupWorks()
            scene.master.kill(SIGTERM)
        }

        /// Agents that answer a master, by pid.
        private func servingAgents(_ bed: TestBed) -> Set<pid_t> {
            let folder = (bed.folder as NSString).resolvingSymlinksInPath
            let numbers = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }
            return Set(numbers.filter { pid in
                guard let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe"), program.hasPrefix(folder + "/") else { return false }
                return (try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8))?.contains("serve") == true
            })
        }

        /// Cassandra's own throttle of a snapshot; 0 for none.
        private func linksPerSecond(_ count: Int, on node: TestBed.Description.Node) throws {
            let jmx = try JMXConnection(host: node.jmxHost, port: node.jmxPort, credentials: nil, tls: nil, timeout: .seconds(30))
            defer { jmx.close() }
            try jmx.setAttribute("org.apache.cassandra.db:type=StorageService", "SnapshotLinksPerSecond", .long(Int64(count)))
        }

        private func snapshotFolders(_ tag: String, on node: TestBed.Description.Node) -> Int {
            node.dataFolders.reduce(0) { sum, data in
                let keyspace = "\(data)/\(FaultRows.keyspace)"
                let tables = (try? FileManager.default.contentsOfDirectory(atPath: keyspace)) ?? []
                return sum + tables.filter { FileManager.default.fileExists(atPath: "\(keyspace)/\($0)/snapshots/\(tag)/manifest.json") }.count
            }
        }
    }
}
