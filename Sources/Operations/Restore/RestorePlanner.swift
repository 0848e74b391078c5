import BackupModel
import Catalog
import Crypto
import NodeDispatch
import ObjectStore

/// Finds out what a restore would do and what speaks against it. Reads from the store, the catalogue and the nodes; changes nothing anywhere.
struct RestorePlanner: Sendable {
    let environment: OperationsEnvironment
    let cluster: ClusterRecord
    let request: RestoreRequest

    /// A plan and what it takes to carry it out.
    struct Planned: Sendable {
        let plan: RestorePlan
        let backup: BackupRecord
        let nodes: [RestoreNodeRecord]
    }

    /// A node that is to be restored, with what it told or what is known of it.
    struct Target: Sendable {
        let record: NodeRecord
        let part: BackupNode?
        let live: NodeFacts?
        let measured: Result<FoldersMeasured, Failure>
        var folders: NodeFolders { live?.folders ?? record.facts.folders }
    }

    private struct Weighed: Sendable {
        let node: RestorePlanNode
        let findings: [RestorePlan.Finding]
    }

    func plan() async throws -> Planned {
        let backup = try await chosenBackup()
        let (store, _) = try await environment.open(backup.store)
        let description = try await environment.backupDescription(cluster.name, backup.id, in: store)
        // The catalogue may say what the document in the store does not bear out.
        guard !request.consistent || (description.consistency == .transactional && description.pause?.isConsistent == true) else {
            throw Failure("restore.not-consistent", "backup \(backup.id) is not proven consistent by its own description", hint: "aeneas backup list --cluster \(cluster.name)")
        }
        guard description.clusterID == cluster.id else {
            throw Failure("restore.other-cluster", "backup \(backup.id) is of another cluster ('\(description.cassandraName)', id \(description.clusterID))")
        }
        let known = try await environment.catalog.nodes(of: cluster.id).filter(\.present)
        let survey = try? await Surveyor(environment, ClusterAccess(settings: cluster.settings)).survey(from: known.map(\.address).sorted())
        let targets = try await targets(known, description, survey)
        let weighed = await onEach(targets, width: 8) { target in try await weigh(target, description, store) }
        let parts = try weighed.map { try $0.get() }
        let plan = assemble(description, backup, parts, survey, targets)
        return Planned(plan: plan, backup: backup, nodes: targets.map { target in
            RestoreNodeRecord(
                restore: RestoreID(unchecked: String(repeating: "0", count: 26)), hostID: target.record.hostID, address: target.record.address, step: RestoreStep.planned.rawValue,
                layout: RestoreLayout(restore: RestoreID(unchecked: String(repeating: "0", count: 26)), folders: target.folders), updatedAt: plan.made)
        })
    }

    private func chosenBackup() async throws -> BackupRecord {
        if let id = request.backup {
            let record = try await environment.catalog.backup(id)
            guard record.clusterID == cluster.id else { throw Failure("restore.other-cluster", "backup \(id) is not one of '\(cluster.name)'", hint: "aeneas backup list --cluster \(cluster.name)") }
            guard record.state == .complete else {
                throw Failure("restore.backup-not-complete", "backup \(id) is \(record.state.rawValue), not complete", hint: "aeneas backup list --cluster \(cluster.name)")
            }
            guard !request.consistent || record.consistency == .transactional else {
                throw Failure(
                    "restore.not-consistent", "backup \(id) is not proven consistent, and a consistent one was asked for", hint: "aeneas backup show \(id) names the reasons; 'aeneas backup list' the others")
            }
            return record
        }
        if request.consistent {
            guard let newest = try await environment.catalog.backups(cluster: cluster.id).first(where: { $0.state == .complete && $0.consistency == .transactional }) else {
                throw Failure("restore.no-backup", "'\(cluster.name)' has no complete backup that is proven consistent", hint: "aeneas backup list --cluster \(cluster.name)")
            }
            return newest
        }
        guard let newest = try await environment.catalog.backups(cluster: cluster.id).first(where: { $0.state == .complete }) else {
            throw Failure("restore.no-backup", "'\(cluster.name)' has no complete backup", hint: "aeneas backup list --cluster \(cluster.name)")
        }
        return newest
    }

    private func targets(_ known: [NodeRecord], _ description: BackupDescription, _ survey: Survey?) async throws -> [Target] {
        let chosen: [NodeRecord]
        if let node = request.node {
            let matching = known.filter { $0.address == node || $0.hostID.rawValue == node }
            guard let one = matching.first else {
                throw Failure("restore.unknown-node", "'\(cluster.name)' has no node \(quoted(node))", hint: "its nodes: \(known.map(\.address).sorted().joined(separator: ", "))")
            }
            chosen = [one]
        } else {
            chosen = known.sorted { $0.address < $1.address }
        }
        let access = ClusterAccess(settings: cluster.settings), calls = NodeCalls(environment)
        let outcomes = await onEach(chosen, width: environment.limits.nodesAtOnce) { record in
            let live = survey?.answer(of: record.hostID)?.live
            let measured: Result<FoldersMeasured, Failure>
            do {
                guard case .measured(let folders) = try await calls.ask(access.target(record.address), .measure(live?.folders ?? record.facts.folders)) else {
                    throw Failure("agent.protocol", "the agent on \(record.address) gave an answer of another kind", recovery: .bug)
                }
                measured = .success(folders)
            } catch {
                measured = .failure(Failure(error))
            }
            return Target(record: record, part: description.nodes.first { $0.hostID == record.hostID }, live: live, measured: measured)
        }
        return try outcomes.map { try $0.get() }
    }

    /// One node's line of the plan, and what speaks against it there.
    private func weigh(_ target: Target, _ description: BackupDescription, _ store: OpenedStore) async throws -> Weighed {
        var findings: [RestorePlan.Finding] = []
        let record = target.record, leftOut = leftOutTables
        var summary: ManifestReader.Summary?
        if let part = target.part?.part {
            do {
                summary = try await ManifestReader(store).summary(
                    cluster.name, description.id, record.hostID, sha256: part.manifestSHA256, without: Set(leftOut), withoutDamaged: true)
            } catch {
                findings.append(.init(.refusal, "restore.manifest-unreadable", node: record.address, Failure(error).description))
            }
        } else {
            findings.append(.init(.refusal, "restore.node-not-in-backup", node: record.address, "the backup has no part of node \(record.address) (host id \(record.hostID))"))
        }
        findings += RestoreFindings.node(target, description, summary: summary)
        let needed = space(target, summary)
        findings += needed.filter { $0.needed > $0.free }.map {
            .init(.refusal, "restore.no-space", node: record.address, "\($0.path) needs \($0.needed) bytes beside what is there and has \($0.free) free")
        }
        let folders = (try? target.measured.get())?.folders ?? []
        let node = RestorePlanNode(
            hostID: record.hostID, address: record.address, datacenter: record.datacenter, rack: record.rack, cassandraRunning: target.live != nil,
            destroys: folders.map { .init(path: $0.space.path, exists: $0.space.exists, bytes: $0.used) }, downloadBytes: summary?.bytesByFolder.values.reduce(0, +) ?? 0,
            sstables: summary?.takenSSTables ?? 0, tables: summary?.takenTables ?? 0, damagedSSTables: summary?.damaged ?? 0, space: needed, leftOut: leftOut.map(\.description))
        return Weighed(node: node, findings: findings)
    }

    /// What staging takes, by file system: set-aside data stays where it is, so that all of the download comes on top. A twentieth is kept free.
    private func space(_ target: Target, _ summary: ManifestReader.Summary?) -> [RestorePlanNode.Space] {
        guard let summary, let folders = try? target.measured.get().folders.prefix(target.folders.data.count), !folders.isEmpty else { return [] }
        var devices: [Int: RestorePlanNode.Space] = [:], order: [Int] = []
        for (ordinal, bytes) in summary.bytesByFolder.sorted(by: { $0.key < $1.key }) {
            let use = folders[folders.startIndex + ordinal % folders.count]
            if devices[use.space.device] == nil {
                devices[use.space.device] = .init(path: use.space.path, needed: 0, free: use.space.free)
                order.append(use.space.device)
            }
            devices[use.space.device]?.needed += bytes + bytes / 20
        }
        return order.compactMap { devices[$0] }
    }

    /// State of one replica that others have moved on from, or that would make the node talk to members it should learn of anew.
    var leftOutTables: [TablePath] { request.node == nil ? [] : RestoreTables.leftOutForOneNode }

    private func assemble(_ description: BackupDescription, _ backup: BackupRecord, _ parts: [Weighed], _ survey: Survey?, _ targets: [Target]) -> RestorePlan {
        let now = environment.clock(), kind: RestorePlan.Kind = request.node == nil ? .cluster : .node
        let asOf = description.nodes.compactMap(\.part?.snapshotStarted).min() ?? description.started
        let smallest = description.gcGraceSeconds.min { ($0.value, $0.key) < ($1.value, $1.key) }
        let keyspaces = survey?.firstView.keyspaces ?? description.keyspaces
        let age = (now.milliseconds - asOf.milliseconds) / 1000
        let findings = RestoreFindings.whole(kind, description, cluster: cluster, survey: survey, targets: targets, ageSeconds: age, smallestGCGrace: smallest.map { ($0.value, $0.key) })
        return RestorePlan(
            kind: kind, cluster: cluster.name, backup: description.id, store: backup.store, consistency: description.consistency, asOf: asOf, made: now, ageSeconds: age,
            smallestGCGraceSeconds: smallest?.value, smallestGCGraceTable: smallest?.key, nodes: parts.map(\.node), repairKeyspaces: RestoreTables.replicated(keyspaces),
            repairPrimaryRangesOnly: kind == .cluster, findings: findings + parts.flatMap(\.findings), steps: RestoreStep.words(kind))
    }
}

extension RestorePlan {
    /// Over everything that a person agreed to: which backup, which nodes and folders, and what was found. Ages, free space and sizes on the nodes change by the second and are left out.
    package var digest: String {
        var agreed = self
        agreed.made = asOf
        agreed.ageSeconds = 0
        agreed.findings = findings.map { Finding($0.weight, $0.code, node: $0.node, "") }
        agreed.nodes = nodes.map { node in
            var node = node
            node.space = []
            node.destroys = node.destroys.map { .init(path: $0.path, exists: true, bytes: 0) }
            return node
        }
        return String(SHA256.hash(JSONText.encode(agreed)).hex.prefix(16))
    }
}
