/// One line of a node's manifest. In the file: JSON, one object a line with a `line` that says which, in this order:
/// one `node`; then for each table a `table` followed by its `sstable`s; one `end` with the counts. Written and read as a stream.
package enum ManifestLine: Hashable, Sendable {
    case node(ManifestNode)
    case table(ManifestTable)
    case sstable(ManifestSSTable)
    case end(ManifestEnd)
}

package struct ManifestNode: Codable, Hashable, Sendable {
    package static let format = 1
    package var format: Int
    package var cluster: ClusterName
    package var clusterID: ClusterID
    package var backup: BackupID
    package var hostID: HostID
    package var address: String
    package var datacenter: String
    package var rack: String
    package var tokens: [String]
    package var release: String
    /// As the node names them; an SSTable's `folder` is a place in this list.
    package var dataFolders: [String]
    /// The node's clock around the call that took the snapshot.
    package var snapshotStarted: Timestamp
    package var snapshotEnded: Timestamp

    package init(
        cluster: ClusterName, clusterID: ClusterID, backup: BackupID, hostID: HostID, address: String, datacenter: String, rack: String, tokens: [String], release: String,
        dataFolders: [String], snapshotStarted: Timestamp, snapshotEnded: Timestamp
    ) {
        format = Self.format
        self.cluster = cluster
        self.clusterID = clusterID
        self.backup = backup
        self.hostID = hostID
        self.address = address
        self.datacenter = datacenter
        self.rack = rack
        self.tokens = tokens
        self.release = release
        self.dataFolders = dataFolders
        self.snapshotStarted = snapshotStarted
        self.snapshotEnded = snapshotEnded
    }
}

package struct ManifestTable: Codable, Hashable, Sendable {
    package var keyspace: KeyspaceName
    package var name: TableName
    package var id: TableID
    /// Cassandra's own `schema.cql` of the snapshot; nil for system tables, which have none.
    package var schema: String?

    package init(keyspace: KeyspaceName, name: TableName, id: TableID, schema: String?) {
        self.keyspace = keyspace
        self.name = name
        self.id = id
        self.schema = schema
    }
}

/// One SSTable of the table line before it.
package struct ManifestSSTable: Codable, Hashable, Sendable {
    package var name: SSTableName
    /// Place in `ManifestNode.dataFolders`.
    package var folder: Int
    package var index: IndexFolder?
    /// Names the object of `Data.db`.
    package var identity: SHA256Hex
    /// Names the object of all other components, and its size in bytes.
    package var components: SHA256Hex
    package var componentsSize: Int
    /// All files, `Data.db` among them, sorted by component.
    package var files: [ManifestFile]
    /// Set when `Data.db` disagreed with its `Digest.crc32` on the node: what the digest file says, and what was read.
    package var damagedAtSource: SourceDamage?

    package init(
        name: SSTableName, folder: Int, index: IndexFolder?, identity: SHA256Hex, components: SHA256Hex, componentsSize: Int, files: [ManifestFile], damagedAtSource: SourceDamage? = nil
    ) {
        self.name = name
        self.folder = folder
        self.index = index
        self.identity = identity
        self.components = components
        self.componentsSize = componentsSize
        self.files = files
        self.damagedAtSource = damagedAtSource
    }

    package var data: ManifestFile? { files.first { $0.component == .data } }
    /// The files of `components`, in the archive's order.
    package var archived: [ManifestFile] { files.filter { $0.component != .data }.sorted { $0.component < $1.component } }
}

package struct ManifestFile: Codable, Hashable, Sendable {
    package var component: ComponentName
    package var size: Int
    package var sha256: SHA256Hex
    /// On the node when it was read: with the same size, inode and modification time it is neither read nor sent again.
    package var inode: UInt64
    /// Nanoseconds since 1970.
    package var modified: Int

    package init(component: ComponentName, size: Int, sha256: SHA256Hex, inode: UInt64, modified: Int) {
        self.component = component
        self.size = size
        self.sha256 = sha256
        self.inode = inode
        self.modified = modified
    }
}

package struct SourceDamage: Codable, Hashable, Sendable {
    /// Decimal text of `Digest.crc32`.
    package var expected: String
    package var found: String
    package init(expected: String, found: String) {
        self.expected = expected
        self.found = found
    }
}

package struct ManifestEnd: Codable, Hashable, Sendable {
    package var tables: Int
    package var sstables: Int
    package var files: Int
    /// Of all files together.
    package var bytes: Int
    package var damaged: Int

    package init(tables: Int = 0, sstables: Int = 0, files: Int = 0, bytes: Int = 0, damaged: Int = 0) {
        self.tables = tables
        self.sstables = sstables
        self.files = files
        self.bytes = bytes
        self.damaged = damaged
    }

    package mutating func count(_ sstable: ManifestSSTable) {
        sstables += 1
        files += sstable.files.count
        bytes += sstable.files.reduce(0) { $0 + $1.size }
        damaged += sstable.damagedAtSource == nil ? 0 : 1
    }
}

extension ManifestLine: Codable {
    private enum Key: String, CodingKey { case line }
    private enum Kind: String, Codable { case node, table, sstable, end }

    package init(from decoder: any Decoder) throws {
        switch try decoder.container(keyedBy: Key.self).decode(Kind.self, forKey: .line) {
        case .node: self = .node(try ManifestNode(from: decoder))
        case .table: self = .table(try ManifestTable(from: decoder))
        case .sstable: self = .sstable(try ManifestSSTable(from: decoder))
        case .end: self = .end(try ManifestEnd(from: decoder))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .node(let value):
            try container.encode(Kind.node, forKey: .line)
            try value.encode(to: encoder)
        case .table(let value):
            try container.encode(Kind.table, forKey: .line)
            try value.encode(to: encoder)
        case .sstable(let value):
            try container.encode(Kind.sstable, forKey: .line)
            try value.encode(to: encoder)
        case .end(let value):
            try container.encode(Kind.end, forKey: .line)
            try value.encode(to: encoder)
        }
    }
}
