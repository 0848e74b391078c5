/// `aeneas.json` at a store's root, created once.
package struct StoreDescription: Codable, Hashable, Sendable {
    package static let format = 1
    package var format: Int
    /// A UUID: caches of manifests are kept under it, so that two stores with one name are never confused.
    package var storeID: ClusterID
    package var created: Timestamp

    package init(storeID: ClusterID, created: Timestamp) {
        format = Self.format
        self.storeID = storeID
        self.created = created
    }
}

/// `cluster.json`, created once: binds a folder of the store to one cluster.
package struct ClusterDescription: Codable, Hashable, Sendable {
    package var format: Int
    package var name: ClusterName
    package var clusterID: ClusterID
    /// Cassandra's own `cluster_name`.
    package var cassandraName: String
    package var created: Timestamp

    package init(name: ClusterName, clusterID: ClusterID, cassandraName: String, created: Timestamp) {
        format = StoreDescription.format
        self.name = name
        self.clusterID = clusterID
        self.cassandraName = cassandraName
        self.created = created
    }
}

/// `started.json`: a run in progress may reuse or be writing objects until `leaseUntil`; a collector stops before its first delete.
package struct StartedMarker: Codable, Hashable, Sendable {
    package var format: Int
    package var backup: BackupID
    package var run: RunID
    package var started: Timestamp
    package var leaseUntil: Timestamp

    package init(backup: BackupID, run: RunID, started: Timestamp, leaseUntil: Timestamp) {
        format = StoreDescription.format
        self.backup = backup
        self.run = run
        self.started = started
        self.leaseUntil = leaseUntil
    }
}

/// `backup.json`, created once and last: without it there is no backup.
package struct BackupDescription: Codable, Hashable, Sendable {
    package enum Kind: String, Codable, Sendable { case cluster, node }
    package enum Consistency: String, Codable, Sendable {
        /// Proven by a window in which the application was paused.
        case transactional
        /// Each node by itself, as of its own snapshot.
        case perNode = "per-node"
    }

    package var format: Int
    package var id: BackupID
    package var kind: Kind
    package var consistency: Consistency
    package var cluster: ClusterName
    package var clusterID: ClusterID
    package var cassandraName: String
    package var run: RunID
    package var started: Timestamp
    package var finished: Timestamp
    package var release: String
    package var partitioner: String
    package var snitch: String
    package var schemaVersion: String
    /// Every member of the ring, also one whose part is missing.
    package var nodes: [BackupNode]
    /// Whether every node of the ring has its manifest here.
    package var complete: Bool
    package var keyspaces: [String: Replication]
    /// `keyspace.table` → seconds, of every table that has a schema in the snapshot.
    package var gcGraceSeconds: [String: Int]
    /// Empty: all keyspaces.
    package var onlyKeyspaces: [KeyspaceName]
    /// Of a backup for which the application was paused, also when the window proved nothing.
    package var pause: PauseWindow?
    /// What commands wrote inside the window; nil: none.
    package var files: [BackupFile]?

    package init(
        id: BackupID, kind: Kind, consistency: Consistency, cluster: ClusterName, clusterID: ClusterID, cassandraName: String, run: RunID, started: Timestamp, finished: Timestamp,
        release: String, partitioner: String, snitch: String, schemaVersion: String, nodes: [BackupNode], complete: Bool, keyspaces: [String: Replication],
        gcGraceSeconds: [String: Int], onlyKeyspaces: [KeyspaceName], pause: PauseWindow? = nil, files: [BackupFile]? = nil
    ) {
        format = StoreDescription.format
        self.id = id
        self.kind = kind
        self.consistency = consistency
        self.cluster = cluster
        self.clusterID = clusterID
        self.cassandraName = cassandraName
        self.run = run
        self.started = started
        self.finished = finished
        self.release = release
        self.partitioner = partitioner
        self.snitch = snitch
        self.schemaVersion = schemaVersion
        self.nodes = nodes
        self.complete = complete
        self.keyspaces = keyspaces
        self.gcGraceSeconds = gcGraceSeconds
        self.onlyKeyspaces = onlyKeyspaces
        self.pause = pause
        self.files = files
    }

    package var damaged: [DamagedSSTable] { nodes.flatMap { $0.part?.damaged ?? [] } }
    package var bytes: Int { nodes.reduce(0) { $0 + ($1.part?.counts.bytes ?? 0) } }
}

/// A node of the ring at backup time and, if it has one, its part of the backup.
package struct BackupNode: Codable, Hashable, Sendable {
    package var hostID: HostID
    package var address: String
    package var datacenter: String
    package var rack: String
    package var tokens: [String]
    package var settings: [String: String]
    package var dataFolders: [String]
    /// Agent's clock minus master's, in milliseconds, as measured when the run began.
    package var clockOffsetMilliseconds: Int?
    package var part: BackupPart?

    package init(
        hostID: HostID, address: String, datacenter: String, rack: String, tokens: [String], settings: [String: String], dataFolders: [String], clockOffsetMilliseconds: Int?, part: BackupPart?
    ) {
        self.hostID = hostID
        self.address = address
        self.datacenter = datacenter
        self.rack = rack
        self.tokens = tokens
        self.settings = settings
        self.dataFolders = dataFolders
        self.clockOffsetMilliseconds = clockOffsetMilliseconds
        self.part = part
    }
}

package struct BackupPart: Codable, Hashable, Sendable {
    /// Of the manifest object as it lies in the store.
    package var manifestSHA256: SHA256Hex
    package var manifestSize: Int
    package var counts: ManifestEnd
    package var snapshotStarted: Timestamp
    package var snapshotEnded: Timestamp
    package var damaged: [DamagedSSTable]

    package init(manifestSHA256: SHA256Hex, manifestSize: Int, counts: ManifestEnd, snapshotStarted: Timestamp, snapshotEnded: Timestamp, damaged: [DamagedSSTable]) {
        self.manifestSHA256 = manifestSHA256
        self.manifestSize = manifestSize
        self.counts = counts
        self.snapshotStarted = snapshotStarted
        self.snapshotEnded = snapshotEnded
        self.damaged = damaged
    }
}

/// An SSTable whose `Data.db` disagreed with its own digest on the node.
package struct DamagedSSTable: Codable, Hashable, Sendable {
    package var keyspace: KeyspaceName
    package var table: TableName
    package var tableID: TableID
    package var index: IndexFolder?
    package var sstable: SSTableName
    package var damage: SourceDamage

    package init(keyspace: KeyspaceName, table: TableName, tableID: TableID, index: IndexFolder?, sstable: SSTableName, damage: SourceDamage) {
        self.keyspace = keyspace
        self.table = table
        self.tableID = tableID
        self.index = index
        self.sstable = sstable
        self.damage = damage
    }
}
