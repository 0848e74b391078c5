import BackupModel
import CassandraNode

/// A snapshot's tables and SSTables in the order of the manifest, in as little memory as they need: a node may have a hundred thousand.
struct Snapshot: Sendable {
    private struct Row {
        let name: SSTableName
        let table: Int32
        let folder: Int32
        let directory: Int32
        let index: IndexFolder?
        let firstFile: Int
        let size: Int
    }

    private struct File {
        let size: Int
        let inode: UInt64
        let modified: Int
        let component: Int32
    }

    private(set) var tables: [(ManifestTable, sstables: Int)] = []
    private(set) var bytes = 0
    private var rows: [Row] = []
    private var files: [File] = []
    private var directories: [String] = []
    private var components: [ComponentName] = []

    mutating func add(_ table: SnapshotTable) {
        tables.append((ManifestTable(keyspace: table.keyspace, name: table.name, id: table.id, schema: table.schema), table.sstables.count))
        for sstable in table.sstables { add(sstable) }
    }

    private mutating func add(_ sstable: SnapshotSSTable) {
        if directories.last != sstable.directory { directories.append(sstable.directory) }
        let size = sstable.files.reduce(0) { $0 + $1.size }
        rows.append(
            Row(
                name: sstable.name, table: Int32(tables.count - 1), folder: Int32(sstable.folder), directory: Int32(directories.count - 1), index: sstable.index,
                firstFile: files.count, size: size))
        for file in sstable.files { files.append(File(size: file.size, inode: file.inode, modified: file.modified, component: number(of: file.component))) }
        bytes += size
    }

    private mutating func number(of component: ComponentName) -> Int32 {
        if let known = components.firstIndex(of: component) { return Int32(known) }
        components.append(component)
        return Int32(components.count - 1)
    }

    /// SSTables.
    var count: Int { rows.count }

    /// Bytes of all files of an SSTable.
    func size(of at: Int) -> Int { rows[at].size }

    /// How many files an SSTable has.
    func files(of at: Int) -> Int { range(at).count }

    private func range(_ at: Int) -> Range<Int> { rows[at].firstFile..<(at + 1 < rows.count ? rows[at + 1].firstFile : files.count) }

    subscript(_ at: Int) -> (TableKey, SnapshotSSTable) {
        let row = rows[at]
        let found = files[range(at)].map { FoundFile(component: components[Int($0.component)], size: $0.size, inode: $0.inode, modified: $0.modified) }
        let sstable = SnapshotSSTable(name: row.name, folder: Int(row.folder), index: row.index, directory: directories[Int(row.directory)], files: found)
        return (TableKey(tables[Int(row.table)].0), sstable)
    }

    /// By `keyspace.table`, where the schema tells.
    var gcGraceSeconds: [String: Int] {
        var seconds: [String: Int] = [:]
        for (table, _) in tables {
            if let schema = table.schema, let value = SchemaText.gcGraceSeconds(in: schema) { seconds["\(table.keyspace).\(table.name)"] = value }
        }
        return seconds
    }
}
