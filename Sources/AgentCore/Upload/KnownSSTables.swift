import BackupModel
import CassandraNode

/// What earlier manifests, and earlier tries at this one, know of a node's SSTables. Their lines stay on the disk.
struct KnownSSTables: Sendable {
    struct Known: Sendable {
        /// A manifest line.
        let spot: LineSpot
        let isDamaged: Bool
        fileprivate let files: ShortDigest
    }

    private let work: UploadWork
    private let stored: StoredObjects
    private var byPlace: [ShortDigest: Known] = [:]
    private var byData: [ShortDigest: LineSpot] = [:]

    init(_ work: UploadWork, stored: StoredObjects) {
        self.work = work
        self.stored = stored
    }

    /// What is added later prevails.
    mutating func add(_ sstable: ManifestSSTable, of table: TableKey, at spot: LineSpot) {
        guard let data = sstable.data else { return }
        let place = table.place(cluster: work.node.cluster, host: work.node.hostID, index: sstable.index, sstable: sstable.name)
        let key = ObjectKey.data(place, identity: sstable.identity)
        byData[ShortDigest(key.text)] = spot
        guard stored.has(key, size: data.size), stored.has(ObjectKey.components(place, identity: sstable.components), size: sstable.componentsSize) else { return }
        let files = sstable.files.map { FoundFile(component: $0.component, size: $0.size, inode: $0.inode, modified: $0.modified) }
        let known = Known(spot: spot, isDamaged: sstable.damagedAtSource != nil, files: Self.digest(files))
        byPlace[Self.digest(table, sstable.folder, sstable.index, sstable.name)] = known
    }

    /// What is known of an SSTable of which no file has changed, and whose objects are in the store.
    func unchanged(_ sstable: SnapshotSSTable, of table: TableKey) -> Known? {
        guard let known = byPlace[Self.digest(table, sstable.folder, sstable.index, sstable.name)], known.files == Self.digest(sstable.files) else { return nil }
        return known
    }

    /// What is known of an SSTable of that name in that folder, whatever its files were.
    func described(_ sstable: SnapshotSSTable, of table: TableKey) throws -> ManifestSSTable? {
        guard let known = byPlace[Self.digest(table, sstable.folder, sstable.index, sstable.name)] else { return nil }
        return try Self.read(known.spot)
    }

    /// What is known of a `Data.db` object: SHA-256 and damage do not depend on where the file lies.
    func data(_ key: ObjectKey) throws -> ManifestSSTable? {
        try byData[ShortDigest(key.text)].flatMap { try Self.read($0) }
    }

    private static func read(_ spot: LineSpot) throws -> ManifestSSTable? {
        guard case .sstable(let sstable) = try JSONText.decode(ManifestLine.self, from: try spot.bytes()) else { return nil }
        return sstable
    }

    private static func digest(_ table: TableKey, _ folder: Int, _ index: IndexFolder?, _ name: SSTableName) -> ShortDigest {
        ShortDigest("\(table.text)/\(folder)/\(index?.rawValue ?? "")/\(name)")
    }

    private static func digest(_ files: [FoundFile]) -> ShortDigest {
        ShortDigest(files.sorted { $0.component < $1.component }.map { "\($0.component) \($0.size) \($0.inode) \($0.modified)" }.joined(separator: "\n"))
    }
}
