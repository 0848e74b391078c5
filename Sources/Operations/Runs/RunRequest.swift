package import BackupModel

/// What a run was asked to do, as it stands in the catalogue: a restart of the master finds in it all that is needed to go on.
enum RunRequest: Codable, Sendable {
    case backup(BackupRequest)
    case verify(VerifyRequest)
    case restore(RestoreAction)

    struct VerifyRequest: Codable, Sendable {
        var backup: BackupID
    }

    enum RestoreAction: String, Codable, Sendable {
        /// From wherever it stands to the end.
        case perform
        case rollBack
        /// Removes what was set aside.
        case drop
    }
}

/// A backup of a whole cluster.
package struct BackupRequest: Codable, Hashable, Sendable {
    package var cluster: ClusterName
    package var store: StoreName?
    /// Empty: all.
    package var keyspaces: [KeyspaceName]
    package init(cluster: ClusterName, store: StoreName? = nil, keyspaces: [KeyspaceName] = []) {
        self.cluster = cluster
        self.store = store
        self.keyspaces = keyspaces
    }
}

package struct RestoreRequest: Codable, Hashable, Sendable {
    package var cluster: ClusterName
    /// The newest complete one when nil.
    package var backup: BackupID?
    /// Address or host id; nil for the whole cluster.
    package var node: String?
    package var overrides: [String]
    package init(cluster: ClusterName, backup: BackupID? = nil, node: String? = nil, overrides: [String] = []) {
        self.cluster = cluster
        self.backup = backup
        self.node = node
        self.overrides = overrides
    }
}
