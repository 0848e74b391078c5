package import BackupModel

package enum BackupState: String, Codable, Hashable, Sendable {
    case running
    /// Every node of the ring has its part.
    case complete
    case partial
    case failed
}

package struct BackupRecord: Codable, Hashable, Sendable {
    package var id: BackupID
    package var clusterID: ClusterID
    package var store: StoreName
    package var run: RunID
    package var state: BackupState
    package var consistency: BackupDescription.Consistency
    package var startedAt: Timestamp
    package var finishedAt: Timestamp?
    /// Of all SSTables that it holds.
    package var bytes: Int
    /// Of those, what had to travel.
    package var sentBytes: Int
    package var sstables: Int
    /// SSTables that disagreed with their own digest on the node.
    package var damaged: Int
    /// `backup.json` as it was written.
    package var description: BackupDescription?

    package init(
        id: BackupID, clusterID: ClusterID, store: StoreName, run: RunID, state: BackupState = .running, consistency: BackupDescription.Consistency,
        startedAt: Timestamp, finishedAt: Timestamp? = nil, bytes: Int = 0, sentBytes: Int = 0, sstables: Int = 0, damaged: Int = 0,
        description: BackupDescription? = nil
    ) {
        self.id = id
        self.clusterID = clusterID
        self.store = store
        self.run = run
        self.state = state
        self.consistency = consistency
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.bytes = bytes
        self.sentBytes = sentBytes
        self.sstables = sstables
        self.damaged = damaged
        self.description = description
    }
}

package enum NodeBackupState: String, Codable, Hashable, Sendable {
    case pending
    case snapshotTaken
    case uploading
    case uploaded
    case failed
}

/// One node's part of a backup.
package struct NodeBackupRecord: Codable, Hashable, Sendable {
    package var backup: BackupID
    package var hostID: HostID
    package var address: String
    package var state: NodeBackupState
    package var snapshot: SnapshotTaken?
    package var result: UploadResult?
    package var failure: Failure?

    package init(
        backup: BackupID, hostID: HostID, address: String, state: NodeBackupState = .pending, snapshot: SnapshotTaken? = nil, result: UploadResult? = nil,
        failure: Failure? = nil
    ) {
        self.backup = backup
        self.hostID = hostID
        self.address = address
        self.state = state
        self.snapshot = snapshot
        self.result = result
        self.failure = failure
    }
}
