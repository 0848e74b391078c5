import BackupModel
import Foundation
import Testing

extension SimulatedCassandra {
    @Suite("instances of a paused application that fail", .serialized)
    struct ConsistentTargetFault {
        @Test("an instance that never answers to Pause fails the backup; every instance that was sent Pause is sent Unpause, and is open")
        func hangsAtPause() async throws {
            let scene = try await PauseScene(more: ["--drain", "2s"]), silent = scene.instances.ports[1]
            try scene.instances.tell(silent, "silent Pause")
            let began = AdminInstances.now, failed = try await scene.master.aeneas("backup", "start", "prod", "--store", "main", "--consistent")
            expectFailed(failed, "pause.no-answer", saying: ["127.0.0.1:\(silent)"])
            #expect(try scene.instances.areAllOpen())
            _ = try scene.instances.opened(since: began)
            #expect(scene.bed.ownSnapshots == [])
            try scene.instances.tell(silent, "normal")
            try await scene.expectNextIsConsistent()
            try await scene.end()
        }

        @Test("an instance that does not finish its work in time fails the backup, and all are open")
        func drainFails() async throws {
            let scene = try await PauseScene(more: ["--drain", "1s"]), busy = scene.instances.ports[2], began = AdminInstances.now
            try scene.instances.tell(busy, "enter")
            expectFailed(try await scene.master.aeneas("backup", "start", "prod", "--store", "main", "--consistent"), "pause.drain-failed", saying: ["127.0.0.1:\(busy)", "1 s"])
            #expect(try scene.instances.areAllOpen())
            _ = try scene.instances.opened(since: began)
            #expect(scene.bed.ownSnapshots == [])
            try scene.instances.tell(busy, "leave")
            try await scene.expectNextIsConsistent()
            try await scene.end()
        }

        @Test("an instance that does not answer to Unpause does not keep the others closed; it is tried until it opens, and the loud end tells how to do it by hand")
        func hangsAtUnpause() async throws {
            let scene = try await PauseScene(snapshotMilliseconds: 500), silent = scene.instances.ports[0]
            try scene.instances.tell(silent, "silent Unpause")
            let run = try await scene.inWindow()
            _ = try await eventually("the others open", seconds: 20) { try scene.instances.open().filter { $0.key != silent }.values.allSatisfy { $0 } ? true : nil }
            let ended = try await scene.ended(run)
            #expect(ended.state == "failed")
            #expect(ended.failure?.code == "pause.not-opened", "\(ended)")
            #expect(ended.failure?.summary.contains("127.0.0.1:\(silent)") == true, "\(ended)")
            #expect(ended.failure?.hint?.contains("curl") == true, "\(ended)")
            #expect(try await scene.master.pauses().first?.state == "unconfirmed")
            try await refusesMeanwhile(scene)
            // Not even a restart of the master makes it forget.
            scene.master.kill(SIGKILL)
            try await scene.master.start()
            #expect(try scene.instances.open()[silent] == false)
            try scene.instances.tell(silent, "normal")
            try await scene.expectNothingLeft(of: run)
            try await scene.expectNextIsConsistent()
            try await scene.end()
        }

        private func refusesMeanwhile(_ scene: PauseScene) async throws {
            let before = scene.instances.calls("Pause")
            let next = try await scene.master.aeneas("backup", "start", "prod", "--store", "main", "--consistent")
            #expect(next.status == 1, "\(next)")
            #expect(scene.instances.calls("Pause") == before, "a target that is still locked was paused again: \(next)")
        }

        @Test("the command by hand that the failure prints opens the instance, with no master running")
        func byHand() async throws {
            let scene = try await PauseScene(snapshotMilliseconds: 500), silent = scene.instances.ports[0]
            try scene.instances.tell(silent, "fail Unpause UNAVAILABLE 1000000")
            let run = try await scene.inWindow(), ended = try await scene.ended(run)
            let commands = (ended.failure?.hint ?? "").split(separator: "\n").filter { $0.contains("curl") && $0.contains("\(silent)") }, command = try #require(commands.first, "\(ended)")
            for guardian in scene.master.guardians() { kill(guardian, SIGKILL) }
            scene.master.kill(SIGKILL)
            for job in JobProcess.running(scene.bed, nil) where job.kind == "guardPause" { kill(job.pid, SIGKILL) }
            #expect(try scene.instances.open()[silent] == false)
            try scene.instances.tell(silent, "normal")
            let ran = try await Subprocess.run("/bin/sh", ["-c", String(command)])
            #expect(ran.status == 0, "\(command): \(ran)")
            #expect(try scene.instances.open()[silent] == true, "\(command): \(ran)")
            try await scene.master.start()
            try await scene.expectNothingLeft(of: run)
            try await scene.end()
        }

        @Test("an instance that restarts, opens or goes away in the window makes the backup fail: none of it is kept as consistent", arguments: ["restart", "stop", "reopen"])
        func changesInWindow(what: String) async throws {
            let scene = try await PauseScene(), instance = scene.instances.ports[1]
            if what == "reopen" { try scene.instances.tell(instance, "reopen 1000") }
            let run = try await scene.inWindow()
            if what != "reopen" { try scene.instances.tell(instance, what) }
            if what == "stop" {
                _ = try await eventually("the others open", seconds: 20) { try scene.instances.open().filter { $0.key != instance }.values.allSatisfy { $0 } ? true : nil }
                // It is open when it comes back, which nobody can know before.
                try scene.instances.tell(instance, "start")
            }
            let ended = try await scene.ended(run)
            #expect(ended.state == "failed" && ended.failure?.code == "backup.not-consistent", "\(ended)")
            #expect(ended.failure?.summary.contains("127.0.0.1:\(instance)") == true, "\(ended)")
            #expect(!Set(ended.codes).isDisjoint(with: ["pause.target-restarted", "pause.target-open", "pause.target-silent"]), "\(ended)")
            try scene.instances.tell(instance, "normal")
            try await scene.expectNothingLeft(of: run)
            try await scene.expectNextIsConsistent()
            try await scene.end()
        }

        @Test("an instance that is away, or is paused already, is found before anything is paused")
        func refusedBefore() async throws {
            let scene = try await PauseScene(), instance = scene.instances.ports[2]
            try scene.instances.tell(instance, "stop")
            expectFailed(try await scene.master.aeneas("backup", "start", "prod", "--store", "main", "--consistent"), "pause.target-unreachable", saying: ["127.0.0.1:\(instance)"])
            try scene.instances.tell(instance, "start")
            try scene.instances.tell(instance, "without-check")
            expectFailed(try await scene.master.aeneas("backup", "start", "prod", "--store", "main", "--consistent"), "pause.unverifiable", saying: ["127.0.0.1:\(instance)"])
            #expect(scene.instances.calls("Pause") == 0)
            #expect(try scene.instances.areAllOpen())
            try scene.instances.tell(instance, "normal")
            try await scene.expectNextIsConsistent()
            try await scene.end()
        }

        @Test("an instance that cannot say whether it is paused, allowed by setting, never makes a backup consistent")
        func unverifiable() async throws {
            let scene = try await PauseScene(more: ["--allow-unverified"], snapshotMilliseconds: 200)
            try scene.instances.tell(scene.instances.ports[0], "without-check")
            let failed = try await scene.master.aeneas("backup", "start", "prod", "--store", "main", "--consistent")
            expectFailed(failed, "backup.not-consistent", saying: ["127.0.0.1:\(scene.instances.ports[0])"])
            let kept = try await scene.master.aeneas("backup", "start", "prod", "--store", "main", "--consistent", "--keep-plain")
            #expect(kept.status == 3, "\(kept)")
            let backup = try await scene.master.lastBackup()
            #expect(backup.state == "complete" && backup.consistency == "per-node", "\(backup)")
            #expect(backup.doubts?.map(\.code).contains("pause.unverifiable") == true, "\(backup)")
            expectFailed(try await scene.master.aeneas("restore", "start", "prod", "--whole-cluster", "--consistent", "--backup", backup.id, "--yes"), "restore.not-consistent")
            #expect(try scene.instances.areAllOpen())
            try await scene.end()
        }
    }
}
