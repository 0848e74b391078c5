import BackupModel
import Foundation
import Testing

extension SimulatedCassandra {
    /// What a consistent backup proves, and on what it is refused before anything is paused.
    @Suite("the window of a consistent backup", .serialized)
    struct ConsistentWindow {
        @Test("no snapshot is asked for before every instance has finished its work and says that it is paused; all are asked again after the last snapshot")
        func order() async throws {
            let scene = try await PauseScene(snapshotMilliseconds: 300)
            try scene.instances.tell(scene.instances.ports[1], "slow-drain 1.5")
            try requireDone(try await scene.master.aeneas("backup", "start", "prod", "--store", "main", "--consistent"))
            try scene.instances.tell("normal")
            let backup = try await scene.master.lastBackup(), window = try #require(backup.description?.pause)
            #expect(backup.consistency == "transactional" && window.doubts == [], "\(backup)")
            expectOrder(window)
            #expect(window.windowMicroseconds < window.outageMicroseconds)
            #expect(window.outageMicroseconds - window.windowMicroseconds >= 1_400_000, "the time of draining is in the outage and not in the window: \(window)")
            try await scene.end()
        }

        private func expectOrder(_ window: PauseWindow, _ location: SourceLocation = #_sourceLocation) {
            func end(_ call: PauseCall) -> Int { call.sentMicroseconds + call.tookMicroseconds }
            func first(_ name: PauseCall.Name, _ outcome: String, at target: PauseTarget) -> PauseCall? { window.calls.first { $0.target == target && $0.name == name && $0.outcome == outcome } }
            let paused = window.targets.compactMap { first(.pause, "ok", at: $0) }, checked = window.targets.compactMap { first(.checkPaused, "paused", at: $0) }
            #expect(paused.count == window.targets.count && checked.count == window.targets.count, "\(window.calls)", sourceLocation: location)
            guard let began = paused.map(end).max(), let proven = checked.map(end).max(), let asked = window.nodes.map(\.sentMicroseconds).min(),
                let done = window.nodes.map(\.answeredMicroseconds).max(), let opening = window.calls.filter({ $0.name == .unpause }).map(\.sentMicroseconds).min()
            else {
                Issue.record("the window lacks calls or nodes: \(window)", sourceLocation: location)
                return
            }
            #expect(checked.allSatisfy { $0.sentMicroseconds >= began }, "\(window.calls)", sourceLocation: location)
            #expect(asked >= proven - began - 1000, "a snapshot was asked for before all were proven paused", sourceLocation: location)
            #expect(began + done <= opening + 1000, "an instance was opened before the last snapshot was done", sourceLocation: location)
            for target in window.targets {
                let held = window.calls.contains { $0.target == target && $0.name == .checkPaused && $0.outcome == "paused" && $0.sentMicroseconds >= began + done - 1000 && $0.sentMicroseconds <= opening }
                #expect(held, "\(target) was not asked after the last snapshot: \(window.calls)", sourceLocation: location)
                let resumed = window.calls.last { $0.target == target }
                #expect(resumed?.name == .checkPaused && resumed?.outcome == "open", "\(target) was not proven open: \(window.calls)", sourceLocation: location)
            }
        }

        @Test("the verdict with its window stands in the store and in the catalogue alike, also after a restart; instances named twice are paused once")
        func kept() async throws {
            let scene = try await PauseScene(snapshotMilliseconds: 100)
            try requireDone(try await scene.master.aeneas(["application", "set", "shop"] + (scene.instances.targets + scene.instances.targets).flatMap { ["--target", $0] }))
            try requireDone(try await scene.master.aeneas("backup", "start", "prod", "--store", "main", "--consistent"))
            for port in scene.instances.ports { #expect(scene.instances.calls("Pause", at: port) == 1) }
            let before = try await scene.master.lastBackup(), document = try #require(scene.master.objects { $0 == "backup.json" }.first)
            let stored = try JSONDecoder().decode(BackupDescription.self, from: Data(contentsOf: URL(fileURLWithPath: scene.master.store + "/" + document)))
            #expect(stored.consistency == .transactional && stored.pause == before.pause && stored.pause?.isConsistent == true, "\(before)")
            scene.master.kill(SIGKILL)
            try await scene.master.start()
            let after = try await scene.master.backup(before.id)
            #expect(after.pause == before.pause && after.consistency == "transactional", "\(after)")
            try requireDone(try await scene.master.aeneas("backup", "verify", before.id))
            try await scene.end()
        }

        @Test("a node can be restored by itself from a consistent backup, and snapshots of others are left alone")
        func oneNode() async throws {
            let scene = try await PauseScene(snapshotMilliseconds: 100), lost = scene.bed.nodes[1]
            try scene.bed.nodes[0].takeSnapshot("operator_pause", of: "shop")
            try requireDone(try await scene.master.aeneas("backup", "start", "prod", "--store", "main", "--consistent"))
            #expect(scene.bed.ownSnapshots == [])
            #expect(snapshots(scene.bed.nodes[0]).contains("operator_pause"))
            let backup = try await scene.master.lastBackup()
            try await scene.bed.tool("node-kill", lost.address)
            try await scene.bed.tool("node-wipe", lost.address)
            try requireDone(try await scene.master.aeneas("restore", "start", "prod", "--node", lost.address, "--backup", backup.id, "--consistent", "--yes", "--drop-aside"))
            #expect(!lost.dataFiles(of: "shop").isEmpty)
            try await scene.end()
        }

        @Test("a cluster that is not sound is refused before any instance is sent Pause", arguments: ["joining", "schema", "down"])
        func preflight(trouble: String) async throws {
            let scene = try await PauseScene(), node = scene.bed.nodes[2].address
            let own = try #require((try await scene.master.json("cluster", "show", "prod") as? [String: Any])?["schemaVersion"] as? String)
            switch trouble {
            case "joining": try await scene.bed.control(node, "mode", "JOINING")
            case "schema": try await scene.bed.control(node, "schema", "11111111-2222-3333-4444-555555555555")
            default: try await scene.bed.tool("node-kill", node)
            }
            let refused = try await scene.master.aeneas("backup", "start", "prod", "--store", "main", "--consistent")
            #expect(refused.status == 1 && refused.errors.contains("code: cluster."), "\(refused)")
            #expect(refused.errors.contains(node), "\(refused)")
            #expect(scene.instances.calls("Pause") == 0)
            try await scene.quick()
            try await scene.bed.control(node, "mode", "NORMAL")
            try await scene.bed.control(node, "schema", own)
            try await scene.expectNextIsConsistent()
            try await scene.end()
        }

        @Test("a subset of the keyspaces, or a cluster without an application, cannot be consistent: refused before any instance is sent Pause")
        func notAllOfIt() async throws {
            let scene = try await PauseScene()
            expectFailed(
                try await scene.master.aeneas("backup", "start", "prod", "--store", "main", "--consistent", "--keyspace", "shop"), "backup.subset-not-consistent")
            try requireDone(try await scene.master.aeneas("cluster", "set", "prod", "--no-application"))
            expectFailed(try await scene.master.aeneas("backup", "start", "prod", "--store", "main", "--consistent"), "backup.no-application")
            #expect(scene.instances.calls("Pause") == 0)
            try await scene.end()
        }

        @Test("a command in the window that fails or is not done in time fails the backup, and the application is open in time", arguments: ["/bin/false", "/bin/sleep 60"])
        func commandFails(command: String) async throws {
            let scene = try await PauseScene(more: ["--window", "3s"], snapshotMilliseconds: 100), began = AdminInstances.now
            let failed = try await scene.master.aeneas("backup", "start", "prod", "--store", "main", "--consistent", "--with", "other=\(command)")
            #expect(failed.status == 1, "\(failed)")
            let answers = scene.instances.entries.filter { $0.call == "Pause" && $0.event == "answered" }.map(\.us), paused = try #require(answers.last)
            #expect(try scene.instances.opened(since: began) - paused < 6_000_000)
            #expect(try scene.instances.areAllOpen())
            let backup = try await scene.master.lastBackup()
            #expect(backup.state == "failed" && scene.bed.ownSnapshots == [], "\(backup)")
            try await scene.expectNextIsConsistent()
            try await scene.end()
        }
    }
}
