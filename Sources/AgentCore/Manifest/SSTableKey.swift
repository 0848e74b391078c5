import BackupModel
import Crypto

/// 128 bits of a SHA-256: a key for tables of a hundred thousand names that would take a hundred bytes each.
struct ShortDigest: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    init(_ text: String) {
        let bytes = SHA256.hash(text).bytes
        high = bytes[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// A table as an SSTable's place needs it.
struct TableKey: Hashable, Sendable {
    let keyspace: KeyspaceName
    let name: TableName
    let id: TableID

    var folder: String { "\(name)-\(id)" }
    var text: String { "\(keyspace)/\(folder)" }

    init(_ table: ManifestTable) { (keyspace, name, id) = (table.keyspace, table.name, table.id) }
    init(_ table: SnapshotTableName) { (keyspace, name, id) = table }

    typealias SnapshotTableName = (KeyspaceName, TableName, TableID)

    /// Reads `text` back.
    init?(text: some StringProtocol) {
        guard let slash = text.firstIndex(of: "/"), let dash = text.lastIndex(of: "-"), slash < dash,
            let keyspace = KeyspaceName(rawValue: String(text[..<slash])),
            let name = TableName(rawValue: String(text[text.index(after: slash)..<dash])),
            let id = TableID(rawValue: String(text[text.index(after: dash)...]))
        else { return nil }
        (self.keyspace, self.name, self.id) = (keyspace, name, id)
    }

    func place(cluster: ClusterName, host: HostID, index: IndexFolder?, sstable: SSTableName) -> SSTablePlace {
        SSTablePlace(cluster: cluster, host: host, keyspace: keyspace, table: name, tableID: id, index: index, sstable: sstable)
    }
}

extension SHA256Hex {
    init(_ digest: SHA256Digest) { self.init(unchecked: digest.hex) }
}
