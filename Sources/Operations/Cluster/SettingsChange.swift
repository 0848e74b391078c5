package import BackupModel
package import Catalog

extension Registration {
    /// Changes the settings of a registered cluster, held to what a registration is held to. No node is asked.
    package func change(_ name: ClusterName, _ change: (inout ClusterSettings) -> Void) async throws -> ClusterRecord {
        while true {
            var cluster = try await environment.cluster(name)
            let before = cluster.settings
            change(&cluster.settings)
            try SettingsCheck.check(cluster.settings)
            if let store = cluster.settings.store, store != before.store { _ = try await environment.open(store) }
            // Somebody else's change of another setting, made meanwhile, is not to be undone.
            if try await environment.catalog.updateCluster(cluster.id, settings: cluster.settings, from: before) { return cluster }
        }
    }
}

extension SettingsCheck {
    /// Of the part that consistent backups need.
    static func window(_ settings: ClusterSettings) throws {
        if settings.consistent, settings.application == nil {
            throw Failure("cluster.bad-settings", "backups cannot be consistent without an application to pause", hint: "name it with --application (aeneas application list), or turn them off with --no-consistent")
        }
        var names: Set<FileName> = []
        for command in settings.windowCommands {
            guard names.insert(command.name).inserted else { throw Failure("cluster.bad-settings", "two commands in the window are called '\(command.name)'") }
            guard let program = command.words.first, !program.isEmpty, !program.hasPrefix("-"), !command.words.contains(where: { $0.utf8.contains(0) }) else {
                throw Failure("cluster.bad-settings", "the command '\(command.name)' has no program", hint: "such as: pg_dump --no-password shop")
            }
        }
    }
}
