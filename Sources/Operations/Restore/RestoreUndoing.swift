import BackupModel
import Catalog
import NodeDispatch

extension RestoreOperation {
    /// Puts back what was set aside, on every node of the restore.
    func rollBack() async throws {
        let all = try await nodes(), touched = all.filter { $0.step >= .stopping }
        guard !touched.isEmpty else {
            await removeStaging(all)
            try await mark(.rolledBack)
            return await recorder.note(.info, "nothing had been stopped or changed on any node: what was staged is removed")
        }
        _ = try await recorder.stage("stop") {
            try await onAll(touched, stage: "stop", reach: nil) { node in .stop(service(node, cluster.settings.stopCommand, timeout: cluster.settings.stopTimeoutSeconds)) }
        }
        _ = try await recorder.stage("roll back") { try await onAll(all, stage: "roll back", reach: nil) { node in .rollBack(node.record.layout) } }
        try await mark(.rolledBack)
        // A node that had nothing (a lost disk) has nothing again, and is not to be started on it.
        let ranBefore = Set(plan.nodes.filter(\.cassandraRunning).map(\.hostID))
        let startable = touched.filter { ranBefore.contains($0.record.hostID) }
        guard !startable.isEmpty else {
            for node in all { try await reached(.planned, node) }
            return await recorder.note(.warning, "rolled back; Cassandra did not run before the restore, so it was not started", code: "restore.not-started")
        }
        _ = try await recorder.stage("start") {
            for node in startable {
                _ = try await onAll([node], stage: "start", width: 1, reach: nil) { node in .start(service(node, cluster.settings.startCommand, timeout: cluster.settings.startTimeoutSeconds)) }
            }
        }
        for node in all { try await reached(.planned, node) }
    }

    /// Removes what was set aside: the last step, and the only one that destroys.
    func drop() async throws {
        let all = try await nodes()
        _ = try await recorder.stage("drop") { try await onAll(all, stage: "drop", reach: nil) { node in .dropAside(node.record.layout) } }
        try await mark(.dropped)
    }
}
