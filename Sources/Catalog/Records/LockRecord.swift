package import BackupModel

/// Who works on a cluster.
package struct LockRecord: Codable, Hashable, Sendable {
    package var clusterID: ClusterID
    package var run: RunID
    /// Grows with every acquisition: who holds an older one is no longer the holder.
    package var epoch: Int
    package var acquiredAt: Timestamp

    package init(clusterID: ClusterID, run: RunID, epoch: Int, acquiredAt: Timestamp) {
        self.clusterID = clusterID
        self.run = run
        self.epoch = epoch
        self.acquiredAt = acquiredAt
    }
}

/// Who asked for what.
package struct AuditRecord: Codable, Hashable, Sendable {
    package var id: Int
    package var at: Timestamp
    package var who: String
    package var what: String
    package var target: String
    package var outcome: String

    package init(id: Int, at: Timestamp, who: String, what: String, target: String, outcome: String) {
        self.id = id
        self.at = at
        self.who = who
        self.what = what
        self.target = target
        self.outcome = outcome
    }
}
