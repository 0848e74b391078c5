import BackupModel
import Catalog
import ControlAPI
import NodeDispatch
import Operations

extension ControlServer {
    func clusterBody(_ cluster: ClusterRecord) async throws -> ClusterBody {
        let catalog = operations.environment.catalog
        let topology = try await catalog.latestTopology(of: cluster.id), nodes = try await catalog.nodes(of: cluster.id).filter(\.present)
        let newest = nodes.max { $0.seenAt < $1.seenAt }
        return ClusterBody(
            id: cluster.id, name: cluster.name, cassandraName: cluster.cassandraName, release: topology?.release ?? newest?.facts.release ?? "", partitioner: cluster.partitioner,
            snitch: newest?.facts.snitch ?? "", schemaVersion: topology?.schemaVersion ?? "", registered: cluster.createdAt, seen: newest?.seenAt ?? cluster.createdAt,
            store: cluster.settings.store, application: cluster.settings.application, consistent: cluster.settings.consistent,
            windowCommands: cluster.settings.windowCommands.map { WindowCommandBody(name: $0.name, words: $0.words) },
            nodes: nodes.map {
                NodeBody(
                    hostID: $0.hostID, address: $0.address, datacenter: $0.datacenter, rack: $0.rack, release: $0.facts.release, tokens: $0.tokens, folders: $0.facts.folders, seen: $0.seenAt)
            }, keyspaces: newest?.facts.keyspaces ?? [:])
    }

    /// - Parameter whole: With what is left out of lists.
    func backupBody(_ backup: BackupRecord, cluster: ClusterName?, whole: Bool) async throws -> BackupBody {
        // Of a backup that failed only the pause itself tells.
        let window = if let description = backup.description { description.pause } else { try await operations.environment.catalog.pauses(of: backup.run).last?.window }
        return BackupBody(
            id: backup.id, cluster: cluster ?? ClusterName(unchecked: "unknown"), store: backup.store, run: backup.run, state: backup.state.rawValue, consistency: backup.consistency,
            started: backup.startedAt, finished: backup.finishedAt, bytes: backup.bytes, sentBytes: backup.sentBytes, sstables: backup.sstables, damaged: backup.damaged,
            doubts: window?.doubts, description: whole ? backup.description : nil, pause: whole ? window : nil)
    }

    func restoreBody(_ restore: RestoreRecord, withPlan: Bool) async throws -> RestoreBody {
        let catalog = operations.environment.catalog
        let cluster = try await catalog.cluster(id: restore.clusterID)
        let nodes = try await catalog.restoreNodes(of: restore.id).map { RestoreBody.Node(hostID: $0.hostID, address: $0.address, step: $0.step) }
        return RestoreBody(
            id: restore.id, cluster: cluster.name, backup: restore.backup, kind: restore.kind == .node ? .node : .cluster, state: restore.state.word, created: restore.createdAt,
            updated: restore.updatedAt, nodes: nodes, plan: withPlan ? try JSONText.decode(RestorePlan.self, from: Array(restore.plan.utf8)) : nil)
    }

    /// The run once there is news of it: an event after `after`, its end, or a node's progress; else as it is when the time is up.
    func waitedRun(_ id: RunID, after: Int, waitSeconds: Int) async throws -> RunBody {
        let catalog = operations.environment.catalog
        let changes = await catalog.changes()
        let body = try await runBody(try await catalog.run(id), after: after)
        guard waitSeconds > 0, !body.isOver, body.events.isEmpty else { return body }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await changed in changes where changed == id { return } }
            group.addTask { try? await Task.sleep(for: .seconds(waitSeconds)) }
            await group.next()
            group.cancelAll()
        }
        return try await runBody(try await catalog.run(id), after: after)
    }

    /// - Parameter after: nil leaves nodes and events out.
    func runBody(_ run: RunRecord, after: Int?) async throws -> RunBody {
        let catalog = operations.environment.catalog
        let stages = try await catalog.stages(of: run.id), pause = try await catalog.pauses(of: run.id).last
        let nodes = after == nil ? [] : try await catalog.runNodes(of: run.id), events = try await after.asyncMap { try await catalog.events(of: run.id, after: $0) } ?? []
        return RunBody(
            id: run.id, kind: run.kind.word, cluster: try await run.clusterID.asyncMap { try await catalog.cluster(id: $0).name }, backup: run.backup, restore: run.restore,
            pause: pause?.id, application: pause?.application, state: run.state.word, started: run.startedAt, ended: run.endedAt, failure: run.failure,
            stages: stages.map { RunBody.Stage(name: $0.name, state: $0.state.rawValue, started: $0.startedAt, ended: $0.endedAt, detail: $0.detail) },
            nodes: nodes.map { node in RunBody.Node(node, stage: stages.last(where: { $0.name == node.stage })) },
            events: events.map { RunBody.Event(number: $0.number, at: $0.at, level: $0.level, node: $0.node, text: $0.text, code: $0.code) })
    }
}

extension Optional {
    fileprivate func asyncMap<Value>(_ body: (Wrapped) async throws -> Value) async rethrows -> Value? {
        guard let self else { return nil }
        return try await body(self)
    }
}

extension RunBody.Node {
    init(_ node: RunNodeRecord, stage: StageRecord?) {
        var rate: Int?, left: Int?
        if let stage, let progress = node.progress, node.state == "running" {
            let elapsed = node.updatedAt.milliseconds - stage.startedAt.milliseconds, moved = progress.bytesDone - progress.bytesReused
            if elapsed > 0, moved > 0 {
                let perSecond = max(1, moved * 1000 / elapsed)
                rate = perSecond
                left = max(0, progress.bytesTotal - progress.bytesDone) / perSecond
            }
        }
        self.init(
            hostID: node.hostID, address: node.address, stage: node.stage, state: node.state, progress: node.progress, bytesPerSecond: rate, secondsLeft: left, failure: node.failure,
            updated: node.updatedAt)
    }
}

extension RunState {
    var word: String {
        switch self {
        case .partlyFailed: "partly-failed"
        default: rawValue
        }
    }
}

extension RunKind {
    var word: String {
        switch self {
        case .backup: "backup"
        case .verify: "verify"
        case .restoreNode: "restore-node"
        case .restoreCluster: "restore-cluster"
        case .pause: "pause"
        }
    }
}

extension RestoreState {
    var word: String {
        switch self {
        case .awaitingDecision: "awaiting-decision"
        case .rolledBack: "rolled-back"
        default: rawValue
        }
    }
}

extension HostKeyBody {
    init(_ key: HostKey, _ trust: HostTrust) {
        let (word, pinned): (String, [String]) =
            switch trust {
            case .pinned: ("pinned", [key.fingerprint])
            case .unknown: ("unknown", [])
            case .changed(let pinned): ("changed", pinned)
            }
        self.init(address: key.address, port: key.port, algorithm: key.algorithm, fingerprint: key.fingerprint, trust: word, pinned: pinned)
    }
}

extension StoreBody {
    init(_ store: StoreRecord) {
        switch store.settings {
        case .folder(let path):
            self.init(name: store.name, kind: .folder)
            self.path = path
        case .s3(let s3):
            self.init(name: store.name, kind: .s3)
            endpoint = s3.endpoint
            region = s3.region
            bucket = s3.bucket
            prefix = s3.prefix
            pathStyle = s3.pathStyle
            credentialsFile = s3.credentialsFile
            profile = s3.profile
            caFile = s3.caFile
        }
        storeID = store.id
    }
}

extension StoreSettings {
    init(_ body: StoreBody) throws {
        func need<Value>(_ value: Value?, _ name: String) throws -> Value {
            guard let value else { throw Failure("input.bad-body", "a store of kind '\(body.kind.rawValue)' needs '\(name)'") }
            return value
        }
        switch body.kind {
        case .folder: self = .folder(path: try need(body.path, "path"))
        case .s3:
            self = .s3(
                S3Settings(
                    endpoint: try need(body.endpoint, "endpoint"), region: body.region ?? "us-east-1", bucket: try need(body.bucket, "bucket"), prefix: body.prefix ?? "",
                    pathStyle: body.pathStyle ?? true, credentialsFile: try need(body.credentialsFile, "credentialsFile"), profile: body.profile ?? "default", caFile: body.caFile))
        }
    }
}

extension RestoreRequest {
    init(_ body: RestoreStartBody) { self.init(cluster: body.cluster, backup: body.backup, node: body.node, overrides: body.overrides, consistent: body.consistent ?? false) }
}

extension BackupRequest {
    init(_ body: BackupStartBody) {
        self.init(
            cluster: body.cluster, store: body.store, keyspaces: body.keyspaces, consistent: body.consistent, keepPlain: body.keepPlain ?? false,
            commands: (body.commands ?? []).map(WindowCommand.init))
    }
}
