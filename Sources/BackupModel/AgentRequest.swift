/// One request to an agent, a frame's body on its stdin. Names are checked when it is decoded; nothing of it ever reaches a shell.
package enum AgentRequest: Codable, Sendable {
    /// → `facts`.
    case inspect(NodeAccess, ring: RingDetail)
    /// Writes memtables out. → `done`.
    case flush(FlushRequest)
    /// → `snapshotTaken`.
    case snapshot(SnapshotRequest)
    /// Clears one tag of ours and looks that it is gone, in every data folder. → `done`. Works also when Cassandra is down (`folders`).
    case clearSnapshot(ClearSnapshotRequest)
    /// Starts detached work unless a job of that id exists. → `jobStarted`.
    case startJob(JobRequest)
    /// The job's events from `after` on, until it ends; renews its lease while the connection stands. → `jobEnded`, or a failure `agent.job-died` or `agent.no-such-job`.
    ///
    /// With `seconds` for so long only, and the lease is renewed once: a connection stands for hours after the master's host has lost its power. → `jobRuns`.
    case followJob(JobID, after: Int, seconds: Int? = nil)
    /// TERM, a grace period, KILL. → `done`.
    case cancelJob(JobID)
    /// Removes the folder of a job that has ended. → `done`.
    case forgetJob(JobID)
    /// → `jobs`.
    case listJobs
    /// What a restore has left here and how far it got. → `restore`.
    case restoreStatus(RestoreLayout)
    /// What lies in a node's folders now and who holds them, without asking Cassandra: it may be down, and the folders gone. → `measured`.
    case measure(NodeFolders)
}

package struct FlushRequest: Codable, Sendable {
    package var access: NodeAccess
    /// Empty: all.
    package var keyspaces: [KeyspaceName]
    package init(access: NodeAccess, keyspaces: [KeyspaceName]) {
        self.access = access
        self.keyspaces = keyspaces
    }
}

package struct SnapshotRequest: Codable, Sendable {
    package var access: NodeAccess
    package var tag: SnapshotTag
    /// Empty: all.
    package var keyspaces: [KeyspaceName]
    package var skipFlush: Bool
    package var timeoutSeconds: Int
    package init(access: NodeAccess, tag: SnapshotTag, keyspaces: [KeyspaceName], skipFlush: Bool, timeoutSeconds: Int) {
        self.access = access
        self.tag = tag
        self.keyspaces = keyspaces
        self.skipFlush = skipFlush
        self.timeoutSeconds = timeoutSeconds
    }
}

package struct ClearSnapshotRequest: Codable, Sendable {
    package var access: NodeAccess
    package var tag: SnapshotTag
    package var folders: NodeFolders
    package init(access: NodeAccess, tag: SnapshotTag, folders: NodeFolders) {
        self.access = access
        self.tag = tag
        self.folders = folders
    }
}

/// Detached work with an id chosen by the master, so that a request whose answer was lost can be sent again.
package struct JobRequest: Codable, Sendable {
    package var id: JobID
    package var work: JobWork
    /// Without a follower for so long, work that `endsWithLease` ends by itself and cleans up.
    package var leaseSeconds: Int
    package init(id: JobID, work: JobWork, leaseSeconds: Int) {
        self.id = id
        self.work = work
        self.leaseSeconds = leaseSeconds
    }
}

package enum JobWork: Codable, Sendable {
    case upload(UploadWork)
    case stage(StageWork)
    case stop(ServiceWork)
    case place(RestoreLayout)
    case start(ServiceWork)
    case repair(RepairWork)
    /// Undoes `place`: what was set aside goes back, what was placed is removed. Cassandra must be down.
    case rollBack(RestoreLayout)
    /// Removes what was set aside, and the staging folder.
    case dropAside(RestoreLayout)
    /// Reads every object of one node's part of a backup and compares size and hash with the manifest. Needs no Cassandra: any node's agent can verify any node's part.
    case verify(VerifyWork)
    /// Watches over a paused application: unpauses it when nobody follows the job for its lease, or the deadline passes. Needs no Cassandra. Cancelled, it looks
    /// that nothing is paused (and unpauses what is), then ends.
    case guardPause(GuardWork)

    /// Whether its follower has to show again and again that it lives: an open connection alone keeps no lease.
    package var needsSignsOfLife: Bool { if case .guardPause = self { true } else { false } }
}

package struct VerifyWork: Codable, Sendable {
    package var store: StoreAccess
    package var cluster: ClusterName
    package var backup: BackupID
    package var source: HostID
    package var manifestSHA256: SHA256Hex
    package var transfer: Transfer

    package init(store: StoreAccess, cluster: ClusterName, backup: BackupID, source: HostID, manifestSHA256: SHA256Hex, transfer: Transfer) {
        self.store = store
        self.cluster = cluster
        self.backup = backup
        self.source = source
        self.manifestSHA256 = manifestSHA256
        self.transfer = transfer
    }
}

package struct Transfer: Codable, Hashable, Sendable {
    /// Objects at a time, at least 1.
    package var workers: Int
    /// Bytes a second of all workers together; nil: no limit.
    package var bytesPerSecond: Int?
    package init(workers: Int = 4, bytesPerSecond: Int? = nil) {
        self.workers = workers
        self.bytesPerSecond = bytesPerSecond
    }
}

package struct UploadWork: Codable, Sendable {
    package var store: StoreAccess
    package var storeID: ClusterID
    package var node: ManifestNode
    package var folders: NodeFolders
    /// Empty: all.
    package var keyspaces: [KeyspaceName]
    package var transfer: Transfer
    /// The node's newest manifest in this store: read when the agent has no copy of its own.
    package var previousManifest: PreviousManifest?

    package init(
        store: StoreAccess, storeID: ClusterID, node: ManifestNode, folders: NodeFolders, keyspaces: [KeyspaceName], transfer: Transfer, previousManifest: PreviousManifest?
    ) {
        self.store = store
        self.storeID = storeID
        self.node = node
        self.folders = folders
        self.keyspaces = keyspaces
        self.transfer = transfer
        self.previousManifest = previousManifest
    }

    package var tag: SnapshotTag { node.backup.snapshotTag }
}

package struct PreviousManifest: Codable, Hashable, Sendable {
    package var backup: BackupID
    package var sha256: SHA256Hex
    package init(backup: BackupID, sha256: SHA256Hex) {
        self.backup = backup
        self.sha256 = sha256
    }
}

/// Where one restore works on one node.
package struct RestoreLayout: Codable, Hashable, Sendable {
    package var restore: RestoreID
    package var folders: NodeFolders
    package init(restore: RestoreID, folders: NodeFolders) {
        self.restore = restore
        self.folders = folders
    }
}

package struct StageWork: Codable, Sendable {
    package var store: StoreAccess
    package var cluster: ClusterName
    package var backup: BackupID
    /// Whose part of the backup: the node itself, or the one that it takes the place of.
    package var source: HostID
    package var manifestSHA256: SHA256Hex
    package var layout: RestoreLayout
    /// Left out: `system.paxos` and such, each as keyspace and table.
    package var without: [TablePath]
    /// Leaves out SSTables that were damaged on their node: other replicas and repair have the rows.
    package var withoutDamaged: Bool
    package var transfer: Transfer

    package init(
        store: StoreAccess, cluster: ClusterName, backup: BackupID, source: HostID, manifestSHA256: SHA256Hex, layout: RestoreLayout, without: [TablePath], withoutDamaged: Bool = false, transfer: Transfer
    ) {
        self.store = store
        self.cluster = cluster
        self.backup = backup
        self.source = source
        self.manifestSHA256 = manifestSHA256
        self.layout = layout
        self.without = without
        self.withoutDamaged = withoutDamaged
        self.transfer = transfer
    }
}

package struct TablePath: Codable, Hashable, Sendable, CustomStringConvertible {
    package var keyspace: KeyspaceName
    package var table: TableName
    package init(keyspace: KeyspaceName, table: TableName) {
        self.keyspace = keyspace
        self.table = table
    }
    package var description: String { "\(keyspace).\(table)" }
}

/// Stopping or starting Cassandra by the cluster's own command.
package struct ServiceWork: Codable, Sendable {
    package var access: NodeAccess
    /// Program and arguments, run without a shell.
    package var command: [String]
    /// Folders that no process may hold open once it is stopped.
    package var folders: NodeFolders
    package var timeoutSeconds: Int
    package init(access: NodeAccess, command: [String], folders: NodeFolders, timeoutSeconds: Int) {
        self.access = access
        self.command = command
        self.folders = folders
        self.timeoutSeconds = timeoutSeconds
    }
}

package struct RepairWork: Codable, Sendable {
    package var access: NodeAccess
    package var keyspaces: [KeyspaceName]
    /// Only the ranges whose first replica the node is: for each node of a cluster in turn. False: all its ranges, after one node was restored.
    package var primaryRangeOnly: Bool
    package var timeoutSeconds: Int
    package init(access: NodeAccess, keyspaces: [KeyspaceName], primaryRangeOnly: Bool, timeoutSeconds: Int) {
        self.access = access
        self.keyspaces = keyspaces
        self.primaryRangeOnly = primaryRangeOnly
        self.timeoutSeconds = timeoutSeconds
    }
}
