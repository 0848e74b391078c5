package import BackupModel

package enum RestoreKind: String, Codable, Hashable, Sendable {
    case node
    case cluster
}

package enum RestoreState: String, Codable, Hashable, Sendable {
    case planned
    case running
    /// Everything is placed and running; what was set aside is still there.
    case awaitingDecision
    /// What was set aside stays on the nodes, and is no longer ours.
    case kept
    /// What was set aside was removed.
    case dropped
    case rolledBack
    case failed
    case interrupted
}

package struct RestoreRecord: Codable, Hashable, Sendable {
    package var id: RestoreID
    package var clusterID: ClusterID
    package var backup: BackupID
    package var store: StoreName
    package var kind: RestoreKind
    package var state: RestoreState
    /// JSON, as it was shown and confirmed.
    package var plan: String
    package var createdAt: Timestamp
    package var updatedAt: Timestamp

    package init(
        id: RestoreID, clusterID: ClusterID, backup: BackupID, store: StoreName, kind: RestoreKind, state: RestoreState = .planned, plan: String,
        createdAt: Timestamp, updatedAt: Timestamp
    ) {
        self.id = id
        self.clusterID = clusterID
        self.backup = backup
        self.store = store
        self.kind = kind
        self.state = state
        self.plan = plan
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// How far a restore is on one node, and where it works there.
package struct RestoreNodeRecord: Codable, Hashable, Sendable {
    package var restore: RestoreID
    /// Whose part of the backup is put back.
    package var hostID: HostID
    package var address: String
    package var step: String
    package var layout: RestoreLayout
    package var updatedAt: Timestamp

    package init(restore: RestoreID, hostID: HostID, address: String, step: String, layout: RestoreLayout, updatedAt: Timestamp) {
        self.restore = restore
        self.hostID = hostID
        self.address = address
        self.step = step
        self.layout = layout
        self.updatedAt = updatedAt
    }
}
