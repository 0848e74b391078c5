import BackupModel
import Catalog
import NodeDispatch
import ObjectStore

extension BackupOperation {
    /// Every node sends what the store lacks, then its manifest. The first that fails ends the others: without all there is no backup.
    func upload(_ snapshots: [NodeSnapshot]) async throws {
        let previous = try await previousManifests()
        _ = try await onEachTogether(snapshots, width: environment.limits.nodesAtOnce, name: \.facts.address) { snapshot in
            try await upload(snapshot, previous: previous[snapshot.hostID])
        }
    }

    private func upload(_ snapshot: NodeSnapshot, previous: PreviousManifest?) async throws {
        let facts = snapshot.facts
        var part = NodeBackupRecord(backup: backup.id, hostID: facts.hostID, address: facts.address, state: .uploading, snapshot: snapshot.taken)
        if let done = try await catalog.nodeBackups(of: backup.id).first(where: { $0.hostID == facts.hostID && $0.state == .uploaded }), done.result != nil { return }
        try await catalog.setNodeBackup(part)
        do {
            let result = try await recorder.job(.upload(work(snapshot, previous)), stage: "upload", host: facts.hostID, node: snapshot.target, lease: environment.limits.jobLeaseSeconds)
            guard case .uploaded(let uploaded) = result else { throw calls.unexpectedAnswer(snapshot.target) }
            part.state = .uploaded
            part.result = uploaded
            try await catalog.setNodeBackup(part)
        } catch {
            if recorder.control.isSuspending { throw error }
            part.state = .failed
            part.failure = Failure(error)
            try await catalog.setNodeBackup(part)
            throw error
        }
    }

    private func work(_ snapshot: NodeSnapshot, _ previous: PreviousManifest?) -> UploadWork {
        let facts = snapshot.facts
        let node = ManifestNode(
            cluster: cluster.name, clusterID: cluster.id, backup: backup.id, hostID: facts.hostID, address: facts.address, datacenter: facts.datacenter, rack: facts.rack,
            tokens: facts.tokens, release: facts.release, dataFolders: facts.folders.data, snapshotStarted: snapshot.taken.started, snapshotEnded: snapshot.taken.ended)
        return UploadWork(
            store: store.access, storeID: storeID, node: node, folders: facts.folders, keyspaces: request.keyspaces, transfer: cluster.settings.transfer, previousManifest: previous)
    }

    /// Each node's manifest in the newest complete backup of this cluster in this store.
    private func previousManifests() async throws -> [HostID: PreviousManifest] {
        // The catalogue has them by time, which the random end of an id knows nothing of.
        let newest = try await catalog.backups(cluster: cluster.id).first { $0.state == .complete && $0.store == backup.store && $0.startedAt < backup.startedAt }
        guard let newest, let description = newest.description else { return [:] }
        return Dictionary(
            description.nodes.compactMap { node in node.part.map { (node.hostID, PreviousManifest(backup: newest.id, sha256: $0.manifestSHA256)) } }, uniquingKeysWith: { first, _ in first })
    }
}
