import BackupModel
import Catalog
import NodeDispatch

extension BackupOperation {
    var clearing: SnapshotClearing { SnapshotClearing(environment: environment, cluster: cluster, backup: backup.id, recorder: recorder) }

    /// The backup stands; a tag that cannot be cleared costs disk on a node and is told, with the command to clear it by hand.
    ///
    /// - Throws: Only when the master stops: its next start clears.
    func clearAfterSuccess(_ snapshots: [NodeSnapshot]) async throws {
        let nodes = snapshots.map { ($0.facts.address, $0.facts.folders) }
        do {
            try await recorder.stage("clear") { await recorder.uncancelled { await clearing.clear(nodes) } }
        } catch {
            if recorder.control.isSuspending { throw error }
            // Cancelled after `backup.json`: the tag has to go all the same.
            await recorder.uncancelled { await clearing.clear(nodes) }
        }
    }
}

/// Clears one backup's tag, and no other.
struct SnapshotClearing: Sendable {
    let environment: OperationsEnvironment
    let cluster: ClusterRecord
    let backup: BackupID
    let recorder: RunRecorder

    /// On every node that the run may have reached.
    func everywhere() async {
        let nodes = (try? await environment.catalog.nodes(of: cluster.id).filter(\.present)) ?? []
        await clear(nodes.map { ($0.address, $0.facts.folders) })
    }

    func clear(_ nodes: [(address: String, folders: NodeFolders)]) async {
        let tag = backup.snapshotTag, access = ClusterAccess(settings: cluster.settings), calls = NodeCalls(environment)
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
