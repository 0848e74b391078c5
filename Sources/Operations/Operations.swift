package import BackupModel
package import Catalog
import Logging
import NodeDispatch
import ObjectStore

/// What the master can be asked to do. Starting returns once the run stands in the catalogue and holds its cluster; the work goes on in the registry.
package struct Operations: Sendable {
    package let environment: OperationsEnvironment
    package let registry: RunRegistry
    let desk = PauseDesk()
    package var registration: Registration { Registration(environment: environment) }
    var catalog: Catalog { environment.catalog }

    package init(environment: OperationsEnvironment) {
        self.environment = environment
        registry = RunRegistry(environment: environment)
    }

    // MARK: backups

    package func startBackup(_ asked: BackupRequest) async throws -> BackupRecord {
        let cluster = try await environment.cluster(asked.cluster)
        guard let name = asked.store ?? cluster.settings.store else {
            throw Failure("backup.no-store", "no store is named, and '\(cluster.name)' has none of its own", hint: "name one with --store (aeneas store list)")
        }
        let request = try decided(asked, cluster), application = try await application(of: cluster, request)
        let (store, record) = try await environment.open(name)
        let identity = try await identify(store, record)
        let now = environment.clock()
        let id = try BackupID(startedAt: now, random: environment.random(3).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())
        let run = try await begin(.backup, cluster, .backup(request), backup: nil, restore: nil)
        let backup = BackupRecord(id: id, clusterID: cluster.id, store: name, run: run.id, consistency: .perNode, startedAt: now)
        do {
            try await catalog.addBackup(backup)
            try await catalog.setRun(run.id, backup: id)
        } catch {
            try await giveUp(run, error)
            throw error
        }
        await registry.start(run) { recorder in
            try await backupOperation(cluster, request, backup, store, identity, recorder, application).perform()
        }
        return backup
    }

    /// The request with the cluster's settings in it: what a restarted master goes on with.
    private func decided(_ asked: BackupRequest, _ cluster: ClusterRecord) throws -> BackupRequest {
        var request = asked
        let consistent = asked.consistent ?? cluster.settings.consistent
        request.consistent = consistent
        guard consistent else {
            guard asked.commands.isEmpty else {
                throw Failure("backup.command-needs-pause", "a command runs in the window of a consistent backup, and this one is plain", hint: "add --consistent")
            }
            return request
        }
        guard asked.keyspaces.isEmpty else {
            throw Failure("backup.subset-not-consistent", "a backup of some keyspaces cannot be consistent: transactions span all of them", hint: "leave out --keyspace, or take a plain one (--plain)")
        }
        let named = Set(asked.commands.map(\.name))
        request.commands = cluster.settings.windowCommands.filter { !named.contains($0.name) } + asked.commands
        guard named.count == asked.commands.count else { throw Failure("backup.command-twice", "two commands have the same name", hint: "each --with NAME=… needs a name of its own") }
        return request
    }

    private func application(of cluster: ClusterRecord, _ request: BackupRequest) async throws -> ApplicationRecord? {
        guard request.consistent == true else { return nil }
        guard let name = cluster.settings.application else {
            throw Failure(
                "backup.no-application", "'\(cluster.name)' names no application that could be paused", hint: "aeneas application add NAME --target HOST:PORT, then: aeneas cluster set \(cluster.name) --application NAME")
        }
        return try await catalog.application(named: name)
    }

    private func backupOperation(
        _ cluster: ClusterRecord, _ request: BackupRequest, _ backup: BackupRecord, _ store: OpenedStore, _ identity: ClusterID, _ recorder: RunRecorder,
        _ application: ApplicationRecord?
    ) -> BackupOperation {
        BackupOperation(
            environment: environment, cluster: cluster, request: request, backup: backup, store: store, storeID: identity, recorder: recorder, application: application)
    }

    /// Verifying changes nothing and holds no lock.
    package func startVerify(_ id: BackupID) async throws -> RunRecord {
        let backup = try await catalog.backup(id)
        guard backup.state == .complete || backup.state == .partial else {
            throw Failure("backup.not-complete", "backup \(id) is \(backup.state.rawValue): there is nothing to verify")
        }
        let cluster = try await catalog.cluster(id: backup.clusterID)
        let (store, _) = try await environment.open(backup.store)
        let run = RunRecord(
            id: environment.newULID(), kind: .verify, clusterID: cluster.id, request: text(.verify(.init(backup: id))), startedAt: environment.clock(), backup: id)
        try await catalog.beginRun(run)
        await registry.start(run) { recorder in
            try await VerifyOperation(environment: environment, cluster: cluster, backup: id, store: store, recorder: recorder).perform()
        }
        return run
    }

    // MARK: restores

    package func planRestore(_ request: RestoreRequest) async throws -> RestorePlan {
        try await RestorePlanner(environment: environment, cluster: environment.cluster(request.cluster), request: request).plan().plan
    }

    /// - Parameter digest: Of the plan that was shown and confirmed.
    package func startRestore(_ request: RestoreRequest, digest: String) async throws -> (RunRecord, RestoreID) {
        let cluster = try await environment.cluster(request.cluster)
        let planned = try await RestorePlanner(environment: environment, cluster: cluster, request: request).plan()
        try confirm(planned.plan, request, digest)
        let id: RestoreID = environment.newULID(), now = environment.clock()
        let kind: RunKind = planned.plan.kind == .node ? .restoreNode : .restoreCluster
        let run = try await begin(kind, cluster, .restore(.perform), backup: planned.backup.id, restore: nil)
        do {
            let record = RestoreRecord(
                id: id, clusterID: cluster.id, backup: planned.backup.id, store: planned.backup.store, kind: planned.plan.kind == .node ? .node : .cluster, state: .running,
                plan: String(decoding: JSONText.encode(planned.plan), as: UTF8.self), createdAt: now, updatedAt: now)
            let nodes = planned.nodes.map { node in
                RestoreNodeRecord(restore: id, hostID: node.hostID, address: node.address, step: node.step, layout: RestoreLayout(restore: id, folders: node.layout.folders), updatedAt: now)
            }
            try await catalog.addRestore(record, nodes: nodes)
            try await catalog.setRun(run.id, restore: id)
        } catch {
            try await giveUp(run, error)
            throw error
        }
        try await carryOut(.perform, id, run)
        return (run, id)
    }

    private func confirm(_ plan: RestorePlan, _ request: RestoreRequest, _ digest: String) throws {
        if let refusal = plan.refusals.first { throw Failure(refusal.code, refusal.text, hint: "'aeneas restore plan' shows the whole plan", node: refusal.node) }
        let missing = plan.overridesNeeded.filter { !request.overrides.contains($0) }
        guard missing.isEmpty else {
            let told = plan.findings.filter { missing.contains($0.code) }.map(\.text).joined(separator: "; ")
            throw Failure("restore.override-needed", told, hint: "if you take this on: " + missing.map { "--override \($0)" }.joined(separator: " "))
        }
        guard plan.digest == digest else {
            throw Failure("restore.plan-changed", "the plan has changed since it was shown", hint: "look at it again: aeneas restore plan", recovery: .retry)
        }
    }

    /// Goes on with a restore that failed or was interrupted.
    package func resumeRestore(_ id: RestoreID) async throws -> RunRecord {
        try await again(id, .perform, from: [.failed, .interrupted], verb: "resumed")
    }

    /// Puts back what was set aside: possible until it was dropped or given up.
    package func rollBackRestore(_ id: RestoreID) async throws -> RunRecord {
        try await again(id, .rollBack, from: [.failed, .interrupted, .awaitingDecision], verb: "rolled back")
    }

    /// Removes what was set aside.
    package func dropRestore(_ id: RestoreID) async throws -> RunRecord { try await again(id, .drop, from: [.awaitingDecision], verb: "dropped") }

    /// Leaves what was set aside to the administrator.
    package func keepRestore(_ id: RestoreID) async throws {
        try check(try await catalog.restore(id), in: [.awaitingDecision], verb: "kept")
        try await catalog.updateRestore(id, state: .kept, at: environment.clock())
    }

    private func again(_ id: RestoreID, _ action: RunRequest.RestoreAction, from states: [RestoreState], verb: String) async throws -> RunRecord {
        let restore = try await catalog.restore(id)
        try check(restore, in: states, verb: verb)
        let cluster = try await catalog.cluster(id: restore.clusterID)
        let run = try await begin(restore.kind == .node ? .restoreNode : .restoreCluster, cluster, .restore(action), backup: restore.backup, restore: id)
        try await carryOut(action, id, run)
        return run
    }

    private func check(_ restore: RestoreRecord, in states: [RestoreState], verb: String) throws {
        guard states.contains(restore.state) else {
            throw Failure("restore.wrong-state", "restore \(restore.id) is \(restore.state.rawValue) and cannot be \(verb)", hint: "aeneas restore show \(restore.id)")
        }
    }

    private func carryOut(_ action: RunRequest.RestoreAction, _ id: RestoreID, _ run: RunRecord) async throws {
        let restore = try await catalog.restore(id), cluster = try await catalog.cluster(id: restore.clusterID)
        let plan = try JSONText.decode(RestorePlan.self, from: Array(restore.plan.utf8))
        await registry.start(run) { recorder in
            let operation = RestoreOperation(environment: environment, cluster: cluster, restore: restore, plan: plan, recorder: recorder)
            switch action {
            case .perform: try await operation.perform(from: try await environment.open(restore.store).0)
            case .rollBack: try await operation.rollBack()
            case .drop: try await operation.drop()
            }
        }
    }

    // MARK: runs

    func begin(_ kind: RunKind, _ cluster: ClusterRecord, _ request: RunRequest, backup: BackupID?, restore: RestoreID?) async throws -> RunRecord {
        let run = RunRecord(
            id: environment.newULID(), kind: kind, clusterID: cluster.id, request: text(request), startedAt: environment.clock(), backup: backup, restore: restore)
        try await catalog.beginLockedRun(run)
        return run
    }

    private func giveUp(_ run: RunRecord, _ error: any Error) async throws {
        try await environment.settle(run.id)
        try await catalog.endRun(run.id, state: .failed, failure: Failure(error), at: environment.clock())
        try await catalog.releaseLock(run.clusterID, run: run.id)
    }

    func text(_ request: RunRequest) -> String { String(decoding: JSONText.encode(request), as: UTF8.self) }

    // MARK: after a start of the master

    /// The first thing that a master does: every run that reads as running is taken up again where that is sound, or ended with what it left cleaned up.
    package func reconcile() async throws {
        let unfinished = try await catalog.reconcile(at: environment.clock())
        // Before all else: what a stopped master left paused.
        for pause in try await catalog.openPauses() { await environment.pauseKeeper.take(pause.id, environment) }
        for run in unfinished {
            do {
                try await takeUp(run)
            } catch {
                environment.log.error("run \(run.id) cannot be taken up again: \(Failure(error))")
                try await giveUp(run, error)
            }
        }
    }

    private func takeUp(_ run: RunRecord) async throws {
        let request = try JSONText.decode(RunRequest.self, from: Array(run.request.utf8))
        switch request {
        case .backup(let request): try await takeUpBackup(run, request)
        case .verify: try await giveUp(run, Failure("run.interrupted", "the master stopped during the verification", hint: "start it again", recovery: .retry))
        case .pause: try await giveUp(run, Failure("run.interrupted", "the master stopped while the application was paused: the window proves nothing", hint: "start it again", recovery: .retry))
        case .restore(let action):
            guard let restore = run.restore else { throw Failure("run.interrupted", "the master stopped before the restore had begun", hint: "start it again", recovery: .retry) }
            _ = try await catalog.acquireLock(try run.cluster, run: run.id, at: environment.clock())
            try await catalog.resumeRun(run.id, at: environment.clock())
            try await carryOut(action, restore, run)
        }
    }

    private func takeUpBackup(_ run: RunRecord, _ request: BackupRequest) async throws {
        guard let id = run.backup else { throw Failure("run.interrupted", "the master stopped before the backup had begun", hint: "start it again", recovery: .retry) }
        let backup = try await catalog.backup(id), cluster = try await catalog.cluster(id: run.cluster)
        _ = try await catalog.acquireLock(try run.cluster, run: run.id, at: environment.clock())
        try await catalog.resumeRun(run.id, at: environment.clock())
        let reachedUpload = try await catalog.stages(of: run.id).contains { $0.name == "upload" }
        await registry.start(run) { recorder in
            let operation: BackupOperation
            do {
                let (store, record) = try await environment.open(backup.store)
                operation = backupOperation(cluster, request, backup, store, try await identify(store, record), recorder, nil)
            } catch {
                if recorder.control.isSuspending { throw error }
                await SnapshotClearing(environment: environment, cluster: cluster, backup: id, recorder: recorder).everywhere()
                throw error
            }
            if reachedUpload { return try await operation.resume() }
            try await operation.abandon(Failure("backup.interrupted", "the master stopped before all snapshots were taken", hint: "start the backup again", recovery: .retry))
        }
    }
}
