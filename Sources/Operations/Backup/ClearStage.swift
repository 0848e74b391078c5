import BackupModel
import Catalog
import NodeDispatch

extension BackupOperation {
    /// The backup stands; a tag that cannot be cleared costs disk on a node and is told, with the command to clear it by hand.
    func clearAfterSuccess(_ snapshots: [NodeSnapshot]) async {
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await recorder.stage("clear") { await clear(snapshots.map { ($0.facts.address, $0.facts.folders) }) }) } catch { outcome = .failure(error) }
        // Cancelled after `backup.json`: the tag has to go all the same.
        if case .failure = outcome, !recorder.control.isSuspending { await recorder.uncancelled { await clear(snapshots.map { ($0.facts.address, $0.facts.folders) }) } }
    }

    /// On every node that the run may have reached.
    func clearEverywhere() async {
        let nodes = (try? await catalog.nodes(of: cluster.id).filter(\.present)) ?? []
        await clear(nodes.map { ($0.address, $0.facts.folders) })
    }

    private func clear(_ nodes: [(address: String, folders: NodeFolders)]) async {
        let tag = backup.id.snapshotTag, access = ClusterAccess(settings: cluster.settings)
        let outcomes = await onEach(nodes, width: environment.limits.nodesAtOnce) { node in
            try await calls.ask(access.target(node.address), .clearSnapshot(ClearSnapshotRequest(access: access.access(node.address), tag: tag, folders: node.folders)))
        }
        for (node, outcome) in zip(nodes, outcomes) {
            guard case .failure(let error) = outcome else { continue }
            await recorder.note(
                .warning, "our snapshot may still be there: \(Failure(error)). By hand: nodetool clearsnapshot -t \(tag)", node: node.address, code: "backup.snapshot-left")
        }
    }
}
