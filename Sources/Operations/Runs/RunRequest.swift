package import BackupModel
package import Catalog

/// What a run was asked to do, as it stands in the catalogue: a restart of the master finds in it all that is needed to go on.
enum RunRequest: Codable, Sendable {
    case backup(BackupRequest)
    case verify(VerifyRequest)
    case restore(RestoreAction)
    case pause(PauseRequest)

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
    /// Whether the application is paused for it; nil: as the cluster's settings say.
    package var consistent: Bool?
    /// Keeps one that turns out not to be consistent, as a plain one.
    package var keepPlain: Bool
    /// Run inside the window, besides the cluster's own.
    package var commands: [WindowCommand]

    package init(
        cluster: ClusterName, store: StoreName? = nil, keyspaces: [KeyspaceName] = [], consistent: Bool? = nil, keepPlain: Bool = false, commands: [WindowCommand] = []
    ) {
        self.cluster = cluster
        self.store = store
        self.keyspaces = keyspaces
        self.consistent = consistent
        self.keepPlain = keepPlain
        self.commands = commands
    }

    /// What an older master recorded lacks what came since.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            cluster: try values.decode(ClusterName.self, forKey: .cluster), store: try values.decodeIfPresent(StoreName.self, forKey: .store),
            keyspaces: try values.decode([KeyspaceName].self, forKey: .keyspaces), consistent: try values.decodeIfPresent(Bool.self, forKey: .consistent),
            keepPlain: try values.decodeIfPresent(Bool.self, forKey: .keepPlain) ?? false, commands: try values.decodeIfPresent([WindowCommand].self, forKey: .commands) ?? [])
    }
}

package struct RestoreRequest: Codable, Hashable, Sendable {
    package var cluster: ClusterName
    /// The newest complete one when nil.
    package var backup: BackupID?
    /// Address or host id; nil for the whole cluster.
    package var node: String?
    package var overrides: [String]
    /// Takes no other backup than one that is proven consistent.
    package var consistent: Bool
    package init(cluster: ClusterName, backup: BackupID? = nil, node: String? = nil, overrides: [String] = [], consistent: Bool = false) {
        self.cluster = cluster
        self.backup = backup
        self.node = node
        self.overrides = overrides
        self.consistent = consistent
    }
}
