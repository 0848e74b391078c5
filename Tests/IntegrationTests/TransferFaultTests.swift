import Foundation
import Testing

extension RealCassandra {
    @Suite("faults while a backup is sent", .serialized, .enabled(if: NodesAvailable.cassandra, "no Cassandra can be had on this machine"))
    struct TransferFault {
        @Test("a job killed during the upload is started again and sends nothing twice")
        func killedJob() async throws {
            let scene = try await FaultScene(SharedBed.cassandra.bed(), rate: "1MiB"), store = scene.master.folder + "/store-main"
            let run = try await scene.startBackup(), job = try await scene.job("upload", on: scene.bed.nodes[0])
            let host = try hostID(of: job)
            func ofHost() -> [String: StoredFile] { StoredFile.all(in: store).filter { $0.key.hasPrefix(host) } }
            _ = try await eventually("an object of \(host)") { ofHost().count >= 2 ? true : nil }
            #expect(kill(job.pid, SIGKILL) == 0)
            _ = try await eventually("the job's end") { job.isRunning ? nil : true }
            let before = ofHost()
            let ended = try await scene.end(of: run)
            #expect(ended.state == "succeeded", "\(ended)")
            #expect(ended.codes.filter { $0 == "agent.job-died" } == ["agent.job-died"])
            let after = StoredFile.all(in: store)
            before.expectUnchanged(in: after.filter { $0.key.hasPrefix(host) })
            #expect(try await scene.sentBytes(of: run) == after.bytes - before.bytes, "the second job sent what the first had not")
            try await verify(scene, run)
            scene.master.kill(SIGTERM)
        }

        @Test("connections cut during the upload are made anew, the jobs go on, and nothing is sent twice")
        func cutConnection() async throws {
            let scene = try await FaultScene(SharedBed.cassandra.bed(), rate: "1MiB"), store = scene.master.folder + "/store-main", node = scene.bed.nodes[1].address
            let run = try await scene.startBackup(), job = try await scene.job("upload", on: scene.bed.nodes[1])
            _ = try await eventually("an object in the store") { StoredFile.all(in: store).count >= 2 ? true : nil }
            try await scene.bed.tool("sshd-stop", node)
            let before = StoredFile.all(in: store)
            #expect(job.isRunning)
            try await scene.wait(for: run, "told of the lost node") { $0.events.contains { $0.node == node && $0.code?.hasPrefix("ssh.") == true } }
            try await scene.bed.tool("sshd-start", node)
            let ended = try await scene.end(of: run), after = StoredFile.all(in: store)
            #expect(ended.state == "succeeded", "\(ended)")
            #expect(!ended.codes.contains("agent.job-died"))
            before.expectUnchanged(in: after)
            #expect(try await scene.sentBytes(of: run) == after.bytes)
            try await verify(scene, run)
            scene.master.kill(SIGTERM)
        }

        @Test("a second backup is refused while the first is in work, and a cancelled run ends its jobs and clears its snapshots")
        func lockAndCancel() async throws {
            let scene = try await FaultScene(SharedBed.cassandra.bed(), rate: "500KiB"), store = scene.master.folder + "/store-main"
            let run = try await scene.startBackup()
            for node in scene.bed.nodes { _ = try await scene.job("upload", on: node) }
            let second = try await scene.master.aeneas("backup", "start", "prod", "--store", "main")
            #expect(second.status == 1)
            #expect(second.errors.contains("code: catalog.cluster-locked"), "\(second)")
            #expect(second.errors.contains("HINT: wait for it (aeneas run watch \(run.id))"), "\(second)")
            #expect(try await scene.show(run.id).state == "running")
            let jobs = JobProcess.running(scene.bed, scene.master)
            #expect(jobs.count == scene.bed.nodes.count)
            let cancelled = try await scene.master.aeneas("run", "cancel", run.id)
            #expect(cancelled.status == 0, "\(cancelled)")
            let ended = try await scene.show(run.id)
            #expect(ended.state == "cancelled")
            #expect(jobs.filter(\.isRunning).map(\.pid) == [])
            try await scene.expectNoBackup(of: ended, in: store)
            try await scene.expectNextBackupWorks()
            scene.master.kill(SIGTERM)
        }

        private func hostID(of job: JobProcess) throws -> String {
            let request = try #require(try JSONSerialization.jsonObject(with: Data(job.text.utf8)) as? [String: Any])
            let upload = try #require(((request["work"] as? [String: Any])?["upload"] as? [String: Any])?["_0"] as? [String: Any])
            return try #require((upload["node"] as? [String: Any])?["hostID"] as? String)
        }

        private func verify(_ scene: FaultScene, _ run: ShownRun) async throws {
            let verified = try await scene.master.aeneas("backup", "verify", try #require(run.backup))
            #expect(verified.status == 0, "\(verified)")
            try await scene.expectNothingLeft()
        }
    }
}
