/// Where an object lies below a store's root: components joined by '/'. Made only from checked names, so that none can leave its folder.
package struct ObjectKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let text: String
    package var description: String { text }
    package static func < (left: ObjectKey, right: ObjectKey) -> Bool { left.text < right.text }

    private init(_ parts: [String]) { text = parts.joined(separator: "/") }

    /// Reads a key as a store listed it or a document named it.
    ///
    /// Each component is judged as it stands, never after being normalized: empty ones, `.`, `..`, those that begin with '-', control characters and backslashes are refused.
    package init(checking text: String) throws(NameError) {
        // By bytes, as a file system does it: to Swift, '/' and a combining mark after it are one character, which is no '/'. A key with such a pair is refused too.
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let sound = text.utf8.count <= 1000 && parts.count == text.split(separator: "/", omittingEmptySubsequences: false).count && parts.allSatisfy(Self.accepts)
        guard sound else { throw NameError(noun: "object key", text: text) }
        self.text = text
    }

    private static func accepts(_ part: Substring.UTF8View) -> Bool {
        !part.isEmpty && part.count <= 255 && part.first != UInt8(ascii: "-") && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8)
            && part.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }
    }

    package static let store = ObjectKey(["aeneas.json"])
    /// Prefix of all clusters, with its last '/'.
    package static let clustersPrefix = "clusters/"
    package static func cluster(_ cluster: ClusterName) -> ObjectKey { ObjectKey(["clusters", cluster.rawValue, "cluster.json"]) }
    package static func backupsPrefix(_ cluster: ClusterName) -> String { "clusters/\(cluster)/backups/" }
    package static func started(_ cluster: ClusterName, _ backup: BackupID) -> ObjectKey { inBackup(cluster, backup, "started.json") }
    package static func backup(_ cluster: ClusterName, _ backup: BackupID) -> ObjectKey { inBackup(cluster, backup, "backup.json") }
    package static func manifest(_ cluster: ClusterName, _ backup: BackupID, _ host: HostID) -> ObjectKey {
        ObjectKey(["clusters", cluster.rawValue, "backups", backup.rawValue, "nodes", "\(host).jsonl.gz"])
    }

    /// What a command wrote inside the window of a backup.
    package static func file(_ cluster: ClusterName, _ backup: BackupID, _ name: FileName, sha256: SHA256Hex) -> ObjectKey {
        ObjectKey(["clusters", cluster.rawValue, "backups", backup.rawValue, "files", "\(name).\(sha256)"])
    }

    /// Prefix of all SSTables of one node.
    package static func dataPrefix(_ cluster: ClusterName, _ host: HostID) -> String { "clusters/\(cluster)/data/\(host)/" }

    /// - Parameter identity: SHA-256 of size, digest, compression info and the ends of the file (`docs/formats.md`).
    package static func data(_ place: SSTablePlace, identity: SHA256Hex) -> ObjectKey { ObjectKey(place.components + ["Data.db.\(identity)"]) }
    /// - Parameter identity: SHA-256 of the files' names and SHA-256s, or names, sizes and ends (`docs/formats.md`).
    package static func components(_ place: SSTablePlace, identity: SHA256Hex) -> ObjectKey { ObjectKey(place.components + ["components.tar.\(identity)"]) }

    private static func inBackup(_ cluster: ClusterName, _ backup: BackupID, _ name: String) -> ObjectKey {
        ObjectKey(["clusters", cluster.rawValue, "backups", backup.rawValue, name])
    }
}

/// The folder of one SSTable in the store.
package struct SSTablePlace: Hashable, Sendable {
    package var cluster: ClusterName
    package var host: HostID
    package var keyspace: KeyspaceName
    package var table: TableName
    package var tableID: TableID
    package var index: IndexFolder?
    package var sstable: SSTableName

    package init(cluster: ClusterName, host: HostID, keyspace: KeyspaceName, table: TableName, tableID: TableID, index: IndexFolder?, sstable: SSTableName) {
        self.cluster = cluster
        self.host = host
        self.keyspace = keyspace
        self.table = table
        self.tableID = tableID
        self.index = index
        self.sstable = sstable
    }

    var components: [String] {
        ["clusters", cluster.rawValue, "data", host.rawValue, keyspace.rawValue, "\(table)-\(tableID)"] + (index.map { [$0.rawValue] } ?? []) + [sstable.rawValue]
    }
}
