import BackupModel
import Catalog

extension OperationsEnvironment {
    /// Lets nothing that a run leaves without success read as running. Call while the run still holds its cluster.
    func settle(_ id: RunID) async throws {
        let run = try await catalog.run(id)
        for var backup in try await catalog.backups(cluster: run.clusterID) where backup.run == id && backup.state == .running {
            backup.state = .failed
            backup.finishedAt = clock()
            try await catalog.updateBackup(backup)
        }
        guard run.kind == .restoreNode || run.kind == .restoreCluster else { return }
        // A run that stopped before it was bound to its restore: the cluster's lock leaves no other that could be in work.
        for restore in try await catalog.restores(cluster: run.clusterID) where restore.state == .running && (run.restore ?? restore.id) == restore.id {
            try await catalog.updateRestore(restore.id, state: .interrupted, at: clock())
        }
    }
}
