import BackupModel

/// The files of one folder by their SSTables.
struct SSTableGroup {
    private let folder: OpenFolder
    private var found: [SSTableName: [FoundFile]] = [:]
    /// Each component's name once: text of more than 15 bytes is on the heap, and every SSTable has one such.
    private var components: [ComponentName: ComponentName] = [:]

    init(_ folder: OpenFolder) { self.folder = folder }

    mutating func add(_ entry: OpenFolder.Entry) throws(NodeError) {
        guard entry.kind == .file, let name = SSTableFileName(entry.name) else { throw .unexpected(entry, in: folder) }
        guard let status = try folder.status(entry.name) else { throw .snapshotUnsound(path: folder.path(of: entry.name), problem: "has gone while it was read") }
        guard status.kind == .file else { throw .unexpected(entry, in: folder) }
        let component = components[name.component] ?? name.component
        components[component] = component
        found[name.sstable, default: []].append(FoundFile(component: component, size: status.size, inode: status.inode, modified: status.modified))
    }

    /// Sorted by name.
    func sstables(ordinal: Int, index: IndexFolder?) throws(NodeError) -> [SnapshotSSTable] {
        var sstables: [SnapshotSSTable] = []
        sstables.reserveCapacity(found.count)
        for (name, files) in found.sorted(by: { $0.key < $1.key }) {
            guard files.contains(where: { $0.component == .data }) else {
                throw .snapshotUnsound(path: folder.path(of: name.rawValue), problem: "is an SSTable without its Data.db")
            }
            sstables.append(
                SnapshotSSTable(name: name, folder: ordinal, index: index, directory: folder.path, files: files.sorted { $0.component < $1.component }))
        }
        return sstables
    }
}

extension NodeError {
    /// Something in a snapshot that Cassandra does not leave there.
    static func unexpected(_ entry: OpenFolder.Entry, in folder: OpenFolder) -> NodeError {
        let problem =
            switch entry.kind {
            case .file: "is no file of an SSTable"
            case .folder: "is a folder that does not belong there"
            case .link: "is a symbolic link"
            case .other: "is neither a file nor a folder"
            }
        return .snapshotUnsound(path: folder.path(of: entry.name), problem: problem)
    }
}
