import BackupModel
import Glibc

/// What a node's manifest asks to be staged, found out and checked before the first byte is moved.
struct StagePlan: Sendable {
    let tables: [TableKey]
    /// Each with the place of its table.
    let sstables: [(table: Int, spot: LineSpot, size: Int, site: Int)]
    let counts: ManifestEnd
    /// By place in `sites`.
    let bytes: [Int]

    /// - Parameter sites: The target's data folders. An SSTable goes to the folder with its number, counted around when the target has fewer.
    init(_ manifest: OpenFile, work: StageWork, sites: [RestoreSite], folder: JobFolder) throws {
        let without = Set(work.without), lines = try UnpackedLines(in: folder.path)
        var tables: [TableKey] = [], sstables: [(table: Int, spot: LineSpot, size: Int, site: Int)] = [], counts = ManifestEnd()
        var bytes = [Int](repeating: 0, count: sites.count), seen: Set<ShortDigest> = [], isLeftOut = true
        let (node, _) = try ManifestStream.read(manifest) { line, raw in
            switch line {
            case .node, .end: break
            case .table(let table):
                isLeftOut = without.contains(TablePath(keyspace: table.keyspace, table: table.name))
                guard !isLeftOut else { return }
                guard seen.insert(ShortDigest(TableKey(table).text)).inserted else { throw ManifestError.unsound("\(TableKey(table).text) twice") }
                guard table.keyspace.rawValue != RestoreSite.Sentinel.folder else { throw ManifestError.unsound("a keyspace \(table.keyspace)") }
                tables.append(TableKey(table))
                counts.tables += 1
            case .sstable(let sstable):
                guard !isLeftOut else { return }
                let site = sstable.folder % sites.count, size = sstable.files.reduce(0) { $0 + $1.size }
                let path = "\(tables[tables.count - 1].text)/\(sstable.index?.rawValue ?? "")/\(sstable.name)/\(site)"
                guard seen.insert(ShortDigest(path)).inserted else { throw ManifestError.unsound("\(sstable.name) of \(tables[tables.count - 1].text) twice") }
                sstables.append((tables.count - 1, try lines.add(raw), size, site))
                counts.count(sstable)
                bytes[site] += size
            }
        }
        try ManifestStream.check(node, cluster: work.cluster, backup: work.backup, host: work.source)
        try lines.flush()
        (self.tables, self.sstables, self.counts, self.bytes) = (tables, sstables, counts, bytes)
    }

    func sstable(_ at: Int) throws -> ManifestSSTable {
        guard case .sstable(let sstable) = try JSONText.decode(ManifestLine.self, from: try sstables[at].spot.bytes()) else {
            throw Failure("internal.unexpected", "line \(at) is no SSTable's", recovery: .bug)
        }
        return sstable
    }
}
