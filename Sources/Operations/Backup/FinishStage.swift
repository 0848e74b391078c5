import BackupModel
import Catalog
import NodeDispatch
import ObjectStore

extension BackupOperation {
    /// Reads every manifest back from the store, digest and counts, and only then creates `backup.json`.
    func finish(_ taken: TakenSnapshots) async throws -> BackupDescription {
        let snapshots = taken.snapshots, parts = Dictionary(try await catalog.nodeBackups(of: backup.id).map { ($0.hostID, $0) }, uniquingKeysWith: { first, _ in first })
        let nodes = try allValues(
            snapshots,
            await onEach(snapshots, width: 8) { snapshot in
                guard let part = parts[snapshot.hostID], let result = part.result else {
                    throw Failure("backup.part-missing", "node \(snapshot.facts.address) has no part in the backup", recovery: .bug, node: snapshot.facts.address)
                }
                return try await readBack(snapshot, result)
            }, name: \.facts.address)
        let description = try await writtenOnce(describe(taken, nodes, parts))
        try await record(description, parts)
        return description
    }

    private func readBack(_ snapshot: NodeSnapshot, _ result: UploadResult) async throws -> BackupNode {
        let facts = snapshot.facts
        let summary = try await ManifestReader(store).summary(cluster.name, backup.id, facts.hostID, sha256: result.manifestSHA256)
        guard summary.counts == result.counts, summary.node.hostID == facts.hostID, summary.node.backup == backup.id else {
            throw Failure("manifest.damaged", "the manifest of \(facts.address) in \(store.store.place) is not the one that its agent wrote", recovery: .bug, node: facts.address)
        }
        let part = BackupPart(
            manifestSHA256: result.manifestSHA256, manifestSize: result.manifestSize, counts: result.counts, snapshotStarted: snapshot.taken.started, snapshotEnded: snapshot.taken.ended,
            damaged: result.damaged)
        return BackupNode(
            hostID: facts.hostID, address: facts.address, datacenter: facts.datacenter, rack: facts.rack, tokens: facts.tokens, settings: facts.settings, dataFolders: facts.folders.data,
            clockOffsetMilliseconds: snapshot.clockOffsetMilliseconds, part: part)
    }

    private func describe(_ taken: TakenSnapshots, _ nodes: [BackupNode], _ parts: [HostID: NodeBackupRecord]) -> BackupDescription {
        let view = taken.snapshots[0].facts, consistency: BackupDescription.Consistency = taken.window?.isConsistent == true ? .transactional : .perNode
        let grace = parts.values.compactMap(\.result?.gcGraceSeconds).reduce(into: [String: Int]()) { all, one in all.merge(one) { min($0, $1) } }
        return BackupDescription(
            id: backup.id, kind: .cluster, consistency: consistency, cluster: cluster.name, clusterID: cluster.id, cassandraName: cluster.cassandraName, run: recorder.run,
            started: backup.startedAt, finished: environment.clock(), release: view.release, partitioner: view.partitioner, snitch: view.snitch, schemaVersion: view.schemaVersion,
            nodes: nodes.sorted { $0.address < $1.address }, complete: true, keyspaces: view.keyspaces, gcGraceSeconds: grace, onlyKeyspaces: request.keyspaces,
            pause: taken.window, files: taken.files.isEmpty ? nil : taken.files)
    }

    /// - Returns: What stands in the store: of two tries of one run, the first one's.
    private func writtenOnce(_ description: BackupDescription) async throws -> BackupDescription {
        let key = ObjectKey.backup(cluster.name, backup.id)
        let bytes = JSONText.encodeDocument(description)
        if try await store.run({ try $0.create(key, bytes) }) { return description }
        // A master killed after this very step left it: the same run, and every part the same, or it is somebody else's.
        let present = try await store.document(BackupDescription.self, key)
        guard present.run == recorder.run, present.nodes.map(\.part) == description.nodes.map(\.part) else {
            throw Failure("backup.id-taken", "'\(key)' exists already in \(store.store.place) with other contents", recovery: .bug)
        }
        return present
    }

    private func record(_ description: BackupDescription, _ parts: [HostID: NodeBackupRecord]) async throws {
        var record = backup
        record.state = .complete
        record.consistency = description.consistency
        record.finishedAt = description.finished
        record.bytes = description.bytes
        record.sentBytes = parts.values.reduce(0) { $0 + ($1.result?.sentBytes ?? 0) }
        record.sstables = description.nodes.reduce(0) { $0 + ($1.part?.counts.sstables ?? 0) }
        record.damaged = description.damaged.count
        record.description = description
        try await catalog.updateBackup(record)
    }
}
