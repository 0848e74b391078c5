import BackupModel
import ControlAPI
import Foundation
import HTTPClient
import TestSupport
import Testing

@Suite struct RoutesTests {
    @Test("hosts, stores and clusters: each path answers with its body")
    func hostsStoresClusters() async throws {
        try await ServerBench.with { bench in
            let health: HealthBody = try await bench.get("/v1/health")
            #expect(health.version == "1.2.3" && health.runningRuns == 0)

            bench.cluster.forgetHostKey("10.0.0.2")
            let scanned: HostKeyBody = try await bench.post("/v1/hosts/scan", HostScanBody(address: HostAddress("10.0.0.2"), port: 22))
            #expect(scanned.trust == "unknown" && scanned.pinned.isEmpty)
            let trusted: HostKeyBody = try await bench.post("/v1/hosts/trust", HostTrustBody(address: HostAddress("10.0.0.2"), port: 22, fingerprint: scanned.fingerprint))
            #expect(trusted.trust == "pinned")

            let store: StoreBody = try await bench.post("/v1/stores", bench.storeBody)
            #expect(store.storeID != nil && store.path == bench.storeBody.path)
            #expect(try await bench.get("/v1/stores", as: [StoreBody].self) == [store])
            let check: StoreCheckBody = try await bench.post("/v1/stores/main/check")
            #expect(check.storeID == store.storeID && check.conditionalCreate)

            let added = try await bench.send("POST", "/v1/clusters", JSONText.encode(bench.addBody))
            #expect(added.status == 201)
            let cluster: ClusterBody = try added.decoded()
            #expect(cluster.nodes.map(\.address) == bench.cluster.addresses && cluster.store == store.name && cluster.release == "5.0.6")
            #expect(try await bench.get("/v1/clusters", as: [ClusterBody].self) == [cluster])
            #expect(try await bench.get("/v1/clusters/prod", as: ClusterBody.self) == cluster)
            let refreshed: ClusterBody = try await bench.post("/v1/clusters/prod/refresh")
            #expect(refreshed.id == cluster.id && refreshed.seen > cluster.seen)
        }
    }

    @Test("backups, verification and runs: each path answers with its body")
    func backupsAndRuns() async throws {
        try await ServerBench.with { bench in
            try await bench.setUp()
            let answer = try await bench.send("POST", "/v1/backups", JSONText.encode(BackupStartBody(cluster: ClusterName("prod"))))
            #expect(answer.status == 202)
            let started: RunStartedBody = try answer.decoded(), backup = try #require(started.backup)
            let run = try await bench.end(started.run)
            #expect(run.state == "succeeded" && run.kind == "backup" && run.stages.map(\.name) == ["check", "snapshot", "upload", "finish", "clear"] && run.nodes.count == 3)
            let listed: [BackupBody] = try await bench.get("/v1/backups?cluster=prod")
            #expect(listed.map(\.id) == [backup] && listed[0].state == "complete" && listed[0].description == nil)
            let shown: BackupBody = try await bench.get("/v1/backups/\(backup)")
            #expect(shown.description?.nodes.count == 3 && shown.cluster == ClusterName(unchecked: "prod"))

            let verify: RunStartedBody = try await bench.post("/v1/backups/\(backup)/verify")
            #expect(try await bench.end(verify.run).state == "succeeded")
            let runs: [RunBody] = try await bench.get("/v1/runs?cluster=prod")
            #expect(runs.map(\.id) == [verify.run, started.run] && runs.allSatisfy { $0.nodes.isEmpty && $0.events.isEmpty })
            #expect(try await bench.get("/v1/runs", as: [RunBody].self).count == 2)
        }
    }

    @Test("restores: planned, confirmed by digest, shown, and decided")
    func restores() async throws {
        try await ServerBench.with { bench in
            try await bench.setUp()
            _ = try await bench.end(bench.startBackup().run)
            var body = RestoreStartBody(cluster: ClusterName(unchecked: "prod"), node: "10.0.0.2")
            func restored() async throws -> RestoreID {
                body.planDigest = nil
                let plan: RestorePlanBody = try await bench.post("/v1/restores/plan", body)
                body.planDigest = plan.digest
                let started: RunStartedBody = try await bench.post("/v1/restores", body)
                let ended = try await bench.end(started.run)
                #expect(ended.state == "succeeded" && ended.kind == "restore-node")
                return try #require(started.restore)
            }
            let dropped = try await restored()
            let shown: RestoreBody = try await bench.get("/v1/restores/\(dropped)")
            #expect(shown.state == "awaiting-decision" && shown.plan?.kind == .node && shown.nodes.map(\.step) == ["repaired"])
            #expect(try await bench.end(try await bench.post("/v1/restores/\(dropped)/drop", as: RunStartedBody.self).run).state == "succeeded")
            let undone = try await restored()
            #expect(try await bench.end(try await bench.post("/v1/restores/\(undone)/rollback", as: RunStartedBody.self).run).state == "succeeded")
            let kept = try await restored()
            #expect(try await bench.post("/v1/restores/\(kept)/keep", as: RestoreBody.self).state == "kept")

            bench.cluster.on("job place", "10.0.0.2", .fail(Failure("agent.disk", "x")))
            body.planDigest = try await bench.post("/v1/restores/plan", body, as: RestorePlanBody.self).digest
            let failing: RunStartedBody = try await bench.post("/v1/restores", body)
            #expect(try await bench.end(failing.run).failure?.code == "agent.disk")
            let resumed: RunStartedBody = try await bench.post("/v1/restores/\(try #require(failing.restore))/resume")
            #expect(try await bench.end(resumed.run).state == "succeeded")
            let states = try await bench.get("/v1/restores?cluster=prod", as: [RestoreBody].self).map(\.state)
            #expect(states == ["awaiting-decision", "kept", "rolled-back", "dropped"])
        }
    }

    @Test("a run is cancelled over REST, and the answer is its end")
    func cancel() async throws {
        try await ServerBench.with { bench in
            try await bench.setUp()
            let gate = FakeGate()
            bench.cluster.on("job upload", times: 3, .hold(gate))
            let started = try await bench.startBackup()
            try await gate.reached(3)
            #expect(try await bench.get("/v1/health", as: HealthBody.self).runningRuns == 1)
            let cancelled: RunBody = try await bench.post("/v1/runs/\(started.run)/cancel")
            #expect(cancelled.state == "cancelled" && cancelled.ended != nil)
            #expect(try await bench.send("POST", "/v1/runs/\(started.run)/cancel", []).refusal == "409 input.run-over")
            gate.open()
        }
    }

    @Test("a question that waits is answered as soon as there is news, and not before")
    func longPoll() async throws {
        try await ServerBench.with { bench in
            try await bench.setUp()
            let gate = FakeGate()
            bench.cluster.on("job upload", times: 3, .hold(gate))
            let started = try await bench.startBackup()
            try await gate.reached(3)
            let now: RunBody = try await bench.get("/v1/runs/\(started.run)?after=0")
            #expect(now.state == "running" && now.ended == nil)
            let (answers, answered) = AsyncStream.makeStream(of: RunBody.self)
            let waiting = Task {
                var last = now
                while !last.isOver {
                    last = try await bench.get("/v1/runs/\(started.run)?after=\(last.events.last?.number ?? 1_000)&wait=30")
                    answered.yield(last)
                }
                answered.finish()
            }
            gate.open()
            var states: [String] = []
            for await answer in answers { states.append(answer.state) }
            try await waiting.value
            #expect(states.last == "succeeded" && states.dropLast().allSatisfy { $0 == "running" })
            // It is over: there is nothing to wait for.
            #expect(try await bench.get("/v1/runs/\(started.run)?after=1000&wait=30", as: RunBody.self).state == "succeeded")
        }
    }
}
