import BackupModel
import Catalog
import NodeDispatch
import ObjectStore

/// Puts a backup back on one node or on all. Every stage works on all nodes of the restore before the next begins, and each node's step is recorded when it is reached, so that
/// a restore that was interrupted goes on from there.
///
/// | stage | may be repeated | undone by |
/// |---|---|---|
/// | download | yes: what is whole in staging is not fetched again | removing staging; nothing else was touched |
/// | stop | yes | starting Cassandra |
/// | place | yes: a journal on the node says how far the renames came | roll back |
/// | start | yes | – |
/// | repair | yes | – |
struct RestoreOperation: Sendable {
    let environment: OperationsEnvironment
    let cluster: ClusterRecord
    let restore: RestoreRecord
    let plan: RestorePlan
    let recorder: RunRecorder

    struct Node: Sendable {
        var record: RestoreNodeRecord
        let target: NodeTarget
        let access: NodeAccess
        var step: RestoreStep { RestoreStep(rawValue: record.step) ?? .planned }
    }

    var catalog: Catalog { environment.catalog }
    var calls: NodeCalls { NodeCalls(environment) }

    func perform(from store: OpenedStore) async throws {
        do {
            try await mark(.running)
            let description = try await environment.backupDescription(cluster.name, restore.backup, in: store)
            try await recorder.stage("download") { try await download(description, store) }
            try await recorder.stage("stop") { try await stop() }
            try await recorder.stage("place") { try await place() }
            try await recorder.stage("start") { try await start(description) }
            try await recorder.stage("repair") { try await repair() }
            try await mark(.awaitingDecision)
            await recorder.note(
                .info, "restored. What was there before is set aside on the node\(plan.nodes.count == 1 ? "" : "s"): 'aeneas restore drop \(restore.id)' removes it, 'aeneas restore rollback \(restore.id)' puts it back")
        } catch {
            try await fail(error)
        }
    }

    private func fail(_ error: any Error) async throws {
        if recorder.control.isSuspending { throw error }
        let nodes = try await nodes()
        try await mark(.failed)
        if nodes.allSatisfy({ $0.step < .stopping }) {
            await recorder.uncancelled { await removeStaging(nodes) }
            await recorder.note(.info, "nothing was stopped or changed on any node")
        } else {
            await recorder.note(
                .error, "the restore is unfinished: 'aeneas restore resume \(restore.id)' goes on from here, 'aeneas restore rollback \(restore.id)' puts back what was there before", code: "restore.unfinished")
        }
        throw error
    }

    /// Only called while every node's live folders are untouched. What is forgotten first is staged anew, whatever becomes of the folder.
    func removeStaging(_ nodes: [Node]) async {
        _ = await onEach(nodes, width: environment.limits.nodesAtOnce) { node in
            let job = JobRequest(id: environment.newULID(), work: .dropAside(node.record.layout), leaseSeconds: environment.limits.jobLeaseSeconds)
            do {
                try await reached(.planned, node)
                _ = try await JobFollower(calls: calls, node: node.target, job: job, onEvent: { _ in }).run()
            } catch {
                await recorder.note(.warning, "the staging folder may still be there: \(Failure(error))", node: node.record.address, code: "restore.staging-left")
            }
        }
    }

    // MARK: nodes and steps

    func nodes() async throws -> [Node] {
        let access = ClusterAccess(settings: cluster.settings)
        return try await catalog.restoreNodes(of: restore.id).map { Node(record: $0, target: try access.target($0.address), access: try access.access($0.address)) }
    }

    func reached(_ step: RestoreStep, _ node: Node) async throws {
        var record = node.record
        record.step = step.rawValue
        record.updatedAt = environment.clock()
        try await catalog.setRestoreNode(record)
    }

    func mark(_ state: RestoreState) async throws { try await catalog.updateRestore(restore.id, state: state, at: environment.clock()) }

    /// Runs one job on each of some nodes, records the step that it reaches, and waits for all: what one node has begun is not broken off because of another.
    func onAll(_ nodes: [Node], stage: String, width: Int? = nil, reach step: RestoreStep?, _ work: @escaping @Sendable (Node) throws -> JobWork) async throws -> [JobResult] {
        try allValues(
            nodes,
            await onEach(nodes, width: width ?? environment.limits.nodesAtOnce) { node in
                let result = try await recorder.job(work(node), stage: stage, host: node.record.hostID, node: node.target, lease: environment.limits.jobLeaseSeconds)
                if let step { try await reached(step, node) }
                return result
            }, name: \.record.address)
    }

    func service(_ node: Node, _ command: [String], timeout: Int) -> ServiceWork {
        ServiceWork(
            access: node.access, command: ClusterAccess.command(command, address: node.record.address, hostID: node.record.hostID), folders: node.record.layout.folders,
            timeoutSeconds: timeout)
    }
}
