import BackupModel
import Foundation
import Testing

extension SimulatedCassandra {
    @Suite("a paused application whose master or guardians die", .serialized)
    struct ConsistentMasterFault {
        @Test("a master killed inside the window leaves nothing paused for longer than five seconds; its restart ends the intent and fails the backup")
        func masterKilled() async throws {
            let scene = try await PauseScene()
            for _ in 1...3 {
                let run = try await scene.inWindow()
                print("opened \(try await kill(scene) / 1000) ms after SIGKILL of the master")
                try await scene.master.start()
                let ended = try await scene.ended(run)
                #expect(ended.state == "failed" || ended.state == "interrupted", "\(ended)")
                try await scene.expectNothingLeft(of: run)
            }
            try await scene.expectNextIsConsistent()
            try await scene.end()
        }

        /// SIGKILL at any moment of the window.
        ///
        /// - Returns: Microseconds until the last instance was open.
        private func kill(_ scene: PauseScene) async throws -> Int {
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...1000)))
            #expect(try scene.instances.open().values.allSatisfy { !$0 }, "the fault came too late to prove anything")
            let killed = AdminInstances.now
            scene.master.kill(SIGKILL)
            try await scene.instances.waitUntilOpen(seconds: 10)
            let took = try scene.instances.opened(since: killed) - killed
            #expect(took <= 5_000_000, "\(took / 1000) ms")
            return took
        }

        @Test("a hundred masters killed inside the window, none of them started again", .enabled(if: rounds(0, full: 100) > 0, "six minutes: make test-full"))
        func hundredMastersKilled() async throws {
            // The guardian on a node opens what its dead master had paused as well, a quarter of a minute later: another instance must not have that port yet.
            var took: [Int] = [], latest: [PauseScene] = []
            for _ in 1...rounds(1, full: 100) {
                let scene = try await PauseScene()
                latest = latest.suffix(20) + [scene]
                _ = try await scene.inWindow()
                took.append(try await kill(scene))
            }
            took.sort()
            print("\(took.count) masters killed: all open after \(took[took.count / 2] / 1000) ms at the median, \(took.last! / 1000) ms at most")
            let scene = try await PauseScene(snapshotMilliseconds: 0)
            _ = try await eventually("the end of the guardians' jobs") { JobProcess.running(scene.bed, nil).contains { $0.kind == "guardPause" } ? nil : true }
            withExtendedLifetime(latest) {}
            // Nobody is left who would clear their snapshots.
            for folder in scene.bed.nodes.flatMap(\.dataFolders) {
                try requireDone(try await Subprocess.run("/usr/bin/find", [folder, "-type", "d", "-path", "*/snapshots/aeneas-*", "-prune", "-exec", "rm", "-rf", "{}", "+"]))
            }
            try await scene.expectNextIsConsistent()
            try await scene.end()
        }

        @Test("a master killed while it still waits for its Pauses leaves nothing paused, and no Pause takes effect late")
        func masterKilledWhilePausing() async throws {
            let scene = try await PauseScene(), mark = scene.instances.entries.count
            try scene.instances.tell("slow-drain 3")
            let run = try await scene.started()
            _ = try await eventually("a Pause at every instance") { Set(scene.instances.entries.dropFirst(mark).filter { $0.event == "called" && $0.call == "Pause" }.map(\.port)).count == 3 ? true : nil }
            let killed = AdminInstances.now
            scene.master.kill(SIGKILL)
            try await scene.instances.waitUntilOpen(seconds: 10)
            #expect(try scene.instances.opened(since: killed) - killed <= 5_000_000)
            try await Task.sleep(for: .seconds(4))
            #expect(try scene.instances.areAllOpen())
            try scene.instances.tell("normal")
            try await scene.master.start()
            _ = try await scene.ended(run)
            try await scene.expectNothingLeft(of: run)
            try await scene.expectNextIsConsistent()
            try await scene.end()
        }

        @Test("a killed guardian is noticed; the master opens the application itself and says so")
        func guardianKilled() async throws {
            let scene = try await PauseScene(), run = try await scene.inWindow()
            let guardian = try #require(scene.master.guardians().first, "no guardian beside the master")
            #expect(scene.master.guardians().count == 1)
            #expect(Foundation.kill(guardian, SIGKILL) == 0)
            let ended = try await scene.ended(run)
            #expect(ended.codes.contains("pause.guardian-lost"), "\(ended)")
            #expect(ended.events.contains { $0.text.contains("master has opened the application itself") }, "\(ended)")
            try await scene.instances.waitUntilOpen(seconds: 10)
            #expect(try await scene.master.pauses().allSatisfy { $0.state == "ended" })
            try await scene.expectNextIsConsistent()
            #expect(scene.master.guardians() == [])
            try await scene.end()
        }

        @Test("with the master and the guardian beside it killed, the guardian on a node opens the application")
        func bothKilled() async throws {
            let scene = try await PauseScene(), run = try await scene.inWindow()
            let guardian = try #require(scene.master.guardians().first, "no guardian beside the master")
            #expect(JobProcess.running(scene.bed, nil).contains { $0.kind == "guardPause" }, "no guardian on a node: \(run)")
            let killed = AdminInstances.now
            #expect(Foundation.kill(guardian, SIGKILL) == 0)
            scene.master.kill(SIGKILL)
            // Its lease, in which a connection that broke is made anew, and the calls.
            try await scene.instances.waitUntilOpen(seconds: 40)
            let took = try scene.instances.opened(since: killed) - killed
            print("opened by the guardian on a node after \(took / 1000) ms")
            try await scene.master.start()
            _ = try await scene.ended(run)
            try await scene.expectNothingLeft(of: run)
            try await scene.expectNextIsConsistent()
            _ = try await eventually("the end of the guardian's job") { JobProcess.running(scene.bed, nil).contains { $0.kind == "guardPause" } ? nil : true }
            try await scene.end()
        }

        @Test("with the master's host frozen, its connections open, the guardian on a node opens the application; thawed, the master does not call that backup consistent")
        func hostFrozen() async throws {
            let scene = try await PauseScene(), run = try await scene.inWindow(), master = try #require(scene.master.pid)
            let guardian = try #require(scene.master.guardians().first, "no guardian beside the master")
            let frozen = AdminInstances.now
            for process in [master, guardian] { #expect(Foundation.kill(process, SIGSTOP) == 0) }
            defer { for process in [master, guardian] { Foundation.kill(process, SIGCONT) } }
            try await scene.instances.waitUntilOpen(seconds: 40)
            print("opened by the guardian on a node \((try scene.instances.opened(since: frozen) - frozen) / 1000) ms after the freeze")
            for process in [master, guardian] { #expect(Foundation.kill(process, SIGCONT) == 0) }
            let ended = try await scene.ended(run)
            #expect(ended.state == "failed" || ended.state == "interrupted", "\(ended)")
            try await scene.expectNothingLeft(of: run)
            try await scene.expectNextIsConsistent()
            try await scene.end()
        }

        @Test("a master that is stopped by SIGTERM in the window opens the application before it ends")
        func masterStopped() async throws {
            let scene = try await PauseScene(), run = try await scene.inWindow()
            scene.master.kill(SIGTERM)
            #expect(try scene.instances.areAllOpen(), "it has ended, and an instance is paused")
            try await scene.master.start()
            _ = try await scene.ended(run)
            try await scene.expectNothingLeft(of: run)
            try await scene.expectNextIsConsistent()
            try await scene.end()
        }

        @Test("a cancelled run opens the application at once")
        func cancelled() async throws {
            let scene = try await PauseScene(snapshotMilliseconds: 15_000), run = try await scene.inWindow(), asked = AdminInstances.now
            let cancelled = Task { try await scene.master.aeneas("run", "cancel", run.id) }
            try await scene.instances.waitUntilOpen(seconds: 10)
            #expect(try scene.instances.opened(since: asked) - asked < 5_000_000)
            try await scene.quick()
            _ = try await cancelled.value
            #expect(try await scene.ended(run).state == "cancelled")
            try await scene.expectNothingLeft(of: run)
            try await scene.end()
        }
    }
}
