package import BackupModel

package enum RunKind: String, Codable, Hashable, Sendable {
    case backup
    case verify
    case restoreNode
    case restoreCluster
    /// Of an application by itself.
    case pause
}

package enum RunState: String, Codable, Hashable, Sendable {
    case running
    case succeeded
    case failed
    /// Some nodes did, some did not.
    case partlyFailed
    /// The master ended before the run did, and nothing has taken the run up again yet.
    case interrupted
    case cancelled
}

/// One attempt at an operation.
package struct RunRecord: Codable, Hashable, Sendable {
    package var id: RunID
    package var kind: RunKind
    /// nil: a pause of an application by itself.
    package var clusterID: ClusterID?
    package var state: RunState
    /// JSON, as the operation was asked for.
    package var request: String
    package var startedAt: Timestamp
    package var endedAt: Timestamp?
    package var failure: Failure?
    /// The one made, verified or restored.
    package var backup: BackupID?
    package var restore: RestoreID?

    package init(
        id: RunID, kind: RunKind, clusterID: ClusterID?, state: RunState = .running, request: String, startedAt: Timestamp, endedAt: Timestamp? = nil,
        failure: Failure? = nil, backup: BackupID? = nil, restore: RestoreID? = nil
    ) {
        self.id = id
        self.kind = kind
        self.clusterID = clusterID
        self.state = state
        self.request = request
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.failure = failure
        self.backup = backup
        self.restore = restore
    }

    /// The cluster that it works on.
    ///
    /// - Throws: `CatalogError.unreadable` for a pause, which has none.
    package var cluster: ClusterID {
        get throws(CatalogError) {
            guard let clusterID else { throw .unreadable(detail: "run \(id) is of no cluster") }
            return clusterID
        }
    }
}
