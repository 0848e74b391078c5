import BackupModel
import Catalog
import NodeDispatch
import ObjectStore

extension RestoreOperation {
    /// Everything on every node, verified, before anything is stopped anywhere.
    func download(_ description: BackupDescription, _ store: OpenedStore) async throws {
        let waiting = try await nodes().filter { $0.step < .staged }
        let access = store.access, without = plan.kind == .node ? RestoreTables.leftOutForOneNode : []
        let works = try Dictionary(uniqueKeysWithValues: waiting.map { node in (node.record.hostID, try stageWork(node, description, access, without)) })
        _ = try await onEachTogether(waiting, width: environment.limits.nodesAtOnce, name: \.record.address) { node in
            _ = try await recorder.job(
                .stage(works[node.record.hostID]!), stage: "download", host: node.record.hostID, node: node.target, lease: environment.limits.jobLeaseSeconds)
            try await reached(.staged, node)
        }
    }

    private func stageWork(_ node: Node, _ description: BackupDescription, _ access: StoreAccess, _ without: [TablePath]) throws -> StageWork {
        guard let part = description.nodes.first(where: { $0.hostID == node.record.hostID })?.part else {
            throw Failure("restore.node-not-in-backup", "the backup has no part of node \(node.record.address)", node: node.record.address)
        }
        return StageWork(
            store: access, cluster: cluster.name, backup: restore.backup, source: node.record.hostID, manifestSHA256: part.manifestSHA256, layout: node.record.layout, without: without,
            withoutDamaged: true, transfer: cluster.settings.transfer)
    }

    /// Also for nodes that were stopped before an interruption: somebody may have started them since.
    func stop() async throws {
        for node in try await nodes() where node.step < .stopping { try await reached(.stopping, node) }
        let waiting = try await nodes().filter { $0.step < .placed }
        _ = try await onAll(waiting, stage: "stop", reach: .stopped) { node in .stop(service(node, cluster.settings.stopCommand, timeout: cluster.settings.stopTimeoutSeconds)) }
    }

    func place() async throws {
        let waiting = try await nodes().filter { $0.step < .placed }
        _ = try await onAll(waiting, stage: "place", reach: .placed) { node in .place(node.record.layout) }
    }

    /// Seeds first, one after the other; then the rest. All must come up with the identity that they had.
    func start(_ description: BackupDescription) async throws {
        let waiting = try await nodes().filter { $0.step < .started }
        let seeds = try await seedAddresses()
        let first = waiting.filter { seeds.contains($0.record.address) }, rest = waiting.filter { !seeds.contains($0.record.address) }
        for (group, width) in [(first, 1), (rest, 2)] {
            _ = try await onAll(group, stage: "start", width: width, reach: nil) { node in
                .start(service(node, cluster.settings.startCommand, timeout: cluster.settings.startTimeoutSeconds))
            }.enumerated().map { at, result in try checkIdentity(group[at], result, description) }
        }
        try await waitForRing()
        for node in waiting { try await reached(.started, node) }
    }

    private func seedAddresses() async throws -> Set<String> {
        Set(try await catalog.nodes(of: cluster.id).filter(\.present).flatMap(\.facts.seeds))
    }

    private func checkIdentity(_ node: Node, _ result: JobResult, _ description: BackupDescription) throws {
        guard case .started(let started) = result else { throw calls.unexpectedAnswer(node.target) }
        guard let part = description.nodes.first(where: { $0.hostID == node.record.hostID }) else { return }
        guard started.hostID == part.hostID, Set(started.tokens) == Set(part.tokens) else {
            throw Failure(
                "restore.identity-changed", "\(node.record.address) came up with host id \(started.hostID) and \(started.tokens.count) tokens, not as \(part.hostID) with its \(part.tokens.count)",
                hint: "stop it before it serves anyone: 'aeneas restore rollback \(restore.id)'", node: node.record.address)
        }
    }

    /// Every member UN and normal in everybody's view, and one schema version.
    func waitForRing() async throws {
        let clock = ContinuousClock(), deadline = clock.now + .seconds(cluster.settings.startTimeoutSeconds)
        let surveyor = Surveyor(environment, ClusterAccess(settings: cluster.settings)), addresses = try await environment.addresses(of: cluster)
        let members = Set(plan.nodes.map(\.hostID))
        while true {
            var trouble: Failure?
            do {
                let survey = try await surveyor.survey(from: addresses)
                trouble = try ringTrouble(survey, members)
                if trouble == nil { return try await environment.record(survey, of: cluster) }
            } catch let error where !(error is CancellationError) {
                trouble = Failure(error)
            }
            guard clock.now < deadline else {
                throw Failure("restore.ring-not-whole", "the ring did not become whole in \(cluster.settings.startTimeoutSeconds) s", hint: "nodetool status", recovery: .retry, cause: trouble)
            }
            try await Task.sleep(for: environment.limits.ringPoll)
        }
    }

    /// A peer that was down before is known from the plan and was taken on; what concerns the restored nodes is not.
    private func ringTrouble(_ survey: Survey, _ members: Set<HostID>) throws -> Failure? {
        for host in members {
            guard survey.answer(of: host)?.live != nil else {
                return Failure("restore.node-not-up", "\(plan.nodes.first { $0.hostID == host }?.address ?? host.rawValue) is not up yet", recovery: .retry)
            }
        }
        let down = Set(survey.answers.filter { $0.live == nil }.map(\.member.address))
        return survey.troubles.first { trouble in trouble.node.map { !down.contains($0) } ?? true }
    }

    /// One node: all its ranges. The cluster: each node's primary ranges, one node after the other.
    func repair() async throws {
        let waiting = try await nodes().filter { $0.step < .repaired }
        let primary = plan.kind == .cluster, keyspaces = try await keyspacesToRepair()
        _ = try await onAll(waiting, stage: "repair", width: 1, reach: .repaired) { node in
            .repair(RepairWork(access: node.access, keyspaces: keyspaces, primaryRangeOnly: primary, timeoutSeconds: cluster.settings.repairTimeoutSeconds))
        }
    }

    /// As the ring has them now: also those created after the backup.
    private func keyspacesToRepair() async throws -> [KeyspaceName] {
        let nodes = try await catalog.nodes(of: cluster.id).filter(\.present)
        guard let newest = nodes.max(by: { $0.seenAt < $1.seenAt }) else { return plan.repairKeyspaces }
        return RestoreTables.replicated(newest.facts.keyspaces)
    }
}
