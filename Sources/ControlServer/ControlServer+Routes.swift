import BackupModel
import Catalog
import ControlAPI
import HTTPServer
import NodeDispatch
import Operations

extension ControlServer {
    var routes: Router {
        var router = Router { _, refusal in Self.refusal(refusal) }
        addGeneral(to: &router)
        addClusters(to: &router)
        addStores(to: &router)
        addBackups(to: &router)
        addRestores(to: &router)
        addRuns(to: &router)
        addApplications(to: &router)
        addPauses(to: &router)
        return router
    }

    var catalog: Catalog { operations.environment.catalog }

    private func addGeneral(to router: inout Router) {
        router.on("GET", "/v1/health", answering { _, _ in
            HealthBody(version: version, started: started, runningRuns: await operations.registry.running)
        })
        router.on("POST", "/v1/hosts/scan", answering { request, _ in
            let body = try Self.body(HostScanBody.self, of: request)
            let (key, trust) = try await operations.scanHost(body.address, port: body.port)
            return HostKeyBody(key, trust)
        })
        router.on("POST", "/v1/hosts/trust", answering { request, _ in
            let body = try Self.body(HostTrustBody.self, of: request)
            return HostKeyBody(try await operations.trustHost(body.address, port: body.port, fingerprint: body.fingerprint), .pinned)
        })
    }

    private func addClusters(to router: inout Router) {
        router.on("GET", "/v1/clusters", answering { _, _ in
            var bodies: [ClusterBody] = []
            for cluster in try await catalog.clusters() { bodies.append(try await clusterBody(cluster)) }
            return bodies
        })
        router.on("POST", "/v1/clusters", answering(status: 201) { request, _ in
            let body = try Self.body(ClusterAddBody.self, of: request)
            let settings = ClusterSettings(body.settings, defaults)
            return try await clusterBody(
                try await operations.registration.register(name: body.name, contact: body.contact, settings: settings, acceptNewHostKeys: body.acceptNewHostKeys))
        })
        router.on("GET", "/v1/clusters/{name}", answering { _, parameters in try await clusterBody(try await catalog.cluster(named: ClusterName(parameters["name"]))) })
        router.on("PATCH", "/v1/clusters/{name}/settings", answering { request, parameters in
            let name = try ClusterName(parameters["name"]), patch = try Self.body(ClusterSettingsPatch.self, of: request)
            return try await clusterBody(try await operations.registration.change(name) { $0.apply(patch) })
        })
        router.on("POST", "/v1/clusters/{name}/refresh", answering { _, parameters in
            let cluster = try await catalog.cluster(named: ClusterName(parameters["name"]))
            try await operations.registration.refresh(cluster)
            return try await clusterBody(cluster)
        })
    }

    private func addStores(to router: inout Router) {
        router.on("GET", "/v1/stores", answering { _, _ in try await catalog.stores().map(StoreBody.init) })
        router.on("POST", "/v1/stores", answering(status: 201) { request, _ in
            let body = try Self.body(StoreBody.self, of: request)
            return StoreBody(try await operations.addStore(body.name, try StoreSettings(body)))
        })
        router.on("POST", "/v1/stores/{name}/check", answering { _, parameters in
            let check = try await operations.checkStore(StoreName(parameters["name"]))
            return StoreCheckBody(place: check.place, storeID: check.id, conditionalCreate: check.conditionalCreate, clockOffsetMilliseconds: check.clockOffsetMilliseconds)
        })
    }

    private func addBackups(to router: inout Router) {
        router.on("GET", "/v1/backups", answering { request, _ in
            let chosen = try await chosenCluster(request)
            let names = try await clusterNames()
            var bodies: [BackupBody] = []
            for backup in try await catalog.backups(cluster: chosen) { bodies.append(try await backupBody(backup, cluster: names[backup.clusterID], whole: false)) }
            return bodies
        })
        router.on("POST", "/v1/backups", answering(status: 202) { request, _ in
            let body = try Self.body(BackupStartBody.self, of: request)
            let backup = try await operations.startBackup(BackupRequest(body))
            return RunStartedBody(run: backup.run, backup: backup.id)
        })
        router.on("GET", "/v1/backups/{id}", answering { _, parameters in
            let backup = try await catalog.backup(BackupID(parameters["id"]))
            return try await backupBody(backup, cluster: try await clusterNames()[backup.clusterID], whole: true)
        })
        router.on("GET", "/v1/backups/{id}/files/{name}") { _, parameters in
            do {
                let stored = try await operations.backupFile(BackupID(parameters["id"]), FileName(parameters["name"]))
                return HTTPResponse(
                    status: 200, headers: ["content-type": "application/octet-stream", Routes.fileHash: stored.file.sha256.rawValue],
                    body: .producer { writer in try await stored.stream { try await writer.write($0) } })
            } catch {
                return Self.answer(Failure(error))
            }
        }
        router.on("POST", "/v1/backups/{id}/verify", answering(status: 202) { _, parameters in
            let run = try await operations.startVerify(BackupID(parameters["id"]))
            return RunStartedBody(run: run.id, backup: run.backup)
        })
    }

    private func addRestores(to router: inout Router) {
        router.on("POST", "/v1/restores/plan", answering { request, _ in
            let plan = try await operations.planRestore(RestoreRequest(try Self.body(RestoreStartBody.self, of: request)))
            return RestorePlanBody(plan: plan, digest: plan.digest)
        })
        router.on("POST", "/v1/restores", answering(status: 202) { request, _ in
            let body = try Self.body(RestoreStartBody.self, of: request)
            guard let digest = body.planDigest else {
                throw Failure("input.bad-body", "a restore needs the digest of the plan that was confirmed", hint: "POST /v1/restores/plan first")
            }
            let (run, restore) = try await operations.startRestore(RestoreRequest(body), digest: digest)
            return RunStartedBody(run: run.id, backup: run.backup, restore: restore)
        })
        router.on("GET", "/v1/restores", answering { request, _ in
            let chosen = try await chosenCluster(request)
            var bodies: [RestoreBody] = []
            for restore in try await catalog.restores(cluster: chosen) { bodies.append(try await restoreBody(restore, withPlan: false)) }
            return bodies
        })
        router.on("GET", "/v1/restores/{id}", answering { _, parameters in try await restoreBody(try await catalog.restore(RestoreID(parameters["id"])), withPlan: true) })
        let actions: [(String, @Sendable (RestoreID) async throws -> RunRecord)] = [
            ("resume", operations.resumeRestore), ("rollback", operations.rollBackRestore), ("drop", operations.dropRestore)
        ]
        for (verb, action) in actions {
            router.on("POST", "/v1/restores/{id}/\(verb)", answering(status: 202) { _, parameters in
                let run = try await action(RestoreID(parameters["id"]))
                return RunStartedBody(run: run.id, backup: run.backup, restore: run.restore)
            })
        }
        router.on("POST", "/v1/restores/{id}/keep", answering { _, parameters in
            let id = try RestoreID(parameters["id"])
            try await operations.keepRestore(id)
            return try await restoreBody(try await catalog.restore(id), withPlan: false)
        })
    }

    private func addRuns(to router: inout Router) {
        router.on("GET", "/v1/runs", answering { request, _ in
            let chosen = try await chosenCluster(request)
            var bodies: [RunBody] = []
            for run in try await catalog.runs(cluster: chosen) { bodies.append(try await runBody(run, after: nil)) }
            return bodies
        })
        router.on("GET", "/v1/runs/{id}", answering { request, parameters in
            try await waitedRun(RunID(parameters["id"]), after: try Self.number(request, "after") ?? 0, waitSeconds: min(try Self.number(request, "wait") ?? 0, 30))
        })
        router.on("POST", "/v1/runs/{id}/cancel", answering { _, parameters in
            let id = try RunID(parameters["id"])
            let run = try await catalog.run(id)
            guard await operations.registry.cancel(id) else { throw Failure("input.run-over", "run \(id) is \(run.state.rawValue) already") }
            await operations.registry.wait(for: id)
            return try await runBody(try await catalog.run(id), after: 0)
        })
    }

    private static func number(_ request: HTTPRequest, _ name: String) throws -> Int? {
        guard let text = request.query(name) else { return nil }
        guard let value = Int(text), value >= 0 else { throw Failure("input.bad-query", "'\(name)' is not a number: \(quoted(text))") }
        return value
    }

    private func chosenCluster(_ request: HTTPRequest) async throws -> ClusterID? {
        guard let name = request.query("cluster") else { return nil }
        return try await catalog.cluster(named: ClusterName(name)).id
    }

    private func clusterNames() async throws -> [ClusterID: ClusterName] {
        Dictionary(try await catalog.clusters().map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
    }
}
