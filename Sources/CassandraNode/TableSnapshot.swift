import BackupModel

/// One table's `snapshots/<tag>` in one data folder.
struct TableSnapshot {
    let path: String
    private(set) var sstables: [SnapshotSSTable] = []
    private(set) var schema: String?
    /// `Data.db` files that Cassandra's `manifest.json` names, an index's with its folder before them; nil without one: it lies in one data folder only.
    private(set) var listed: Set<String>?

    init(_ folder: OpenFolder, ordinal: Int) throws(NodeError) {
        path = folder.path
        var files: [(OpenFolder.Entry, SSTableFileName)] = []
        var indexes: [IndexFolder] = []
        for entry in try folder.entries() {
            switch (entry.kind, entry.name) {
            case (.file, "manifest.json"): listed = try Self.list(folder)
            case (.file, "schema.cql"): schema = try Self.schema(folder)
            case (.file, "ephemeral.snapshot"): break
            case (.folder, _):
                guard let index = IndexFolder(rawValue: entry.name) else { throw Self.unexpected(entry, in: folder) }
                indexes.append(index)
            default: files.append((entry, try Self.parse(entry, in: folder)))
            }
        }
        sstables = try Self.group(files, in: folder, ordinal: ordinal, index: nil)
        for index in indexes.sorted() {
            guard let inner = try folder.folder(index.rawValue) else {
                throw .snapshotUnsound(path: folder.path(of: index.rawValue), problem: "has gone while it was read")
            }
            var files: [(OpenFolder.Entry, SSTableFileName)] = []
            for entry in try inner.entries() { files.append((entry, try Self.parse(entry, in: inner))) }
            sstables += try Self.group(files, in: inner, ordinal: ordinal, index: index)
        }
    }

    /// As `manifest.json` writes them.
    var dataFiles: [String] { sstables.map { ($0.index.map { "\($0)/" } ?? "") + "\($0.name)-\(ComponentName.data)" } }

    private static func parse(_ entry: OpenFolder.Entry, in folder: OpenFolder) throws(NodeError) -> SSTableFileName {
        guard entry.kind == .file, let name = SSTableFileName(entry.name) else { throw unexpected(entry, in: folder) }
        return name
    }

    private static func group(
        _ files: [(OpenFolder.Entry, SSTableFileName)], in folder: OpenFolder, ordinal: Int, index: IndexFolder?
    ) throws(NodeError)
        -> [SnapshotSSTable]
    {
        var found: [SSTableName: [FoundFile]] = [:]
        for (entry, name) in files {
            guard let status = try folder.status(entry.name) else {
                throw .snapshotUnsound(path: folder.path(of: entry.name), problem: "has gone while it was read")
            }
            guard status.kind == .file else { throw unexpected(entry, in: folder) }
            found[name.sstable, default: []].append(FoundFile(component: name.component, size: status.size, inode: status.inode, modified: status.modified))
        }
        var sstables: [SnapshotSSTable] = []
        for (name, files) in found.sorted(by: { $0.key < $1.key }) {
            guard files.contains(where: { $0.component == .data }) else {
                throw .snapshotUnsound(path: folder.path(of: name.rawValue), problem: "is an SSTable without its Data.db")
            }
            sstables.append(
                SnapshotSSTable(name: name, folder: ordinal, index: index, directory: folder.path, files: files.sorted { $0.component < $1.component }))
        }
        return sstables
    }

    /// The other keys (`created_at`, `expires_at`, `ephemeral`) differ between releases.
    private struct List: Decodable { var files: [String] }

    private static func list(_ folder: OpenFolder) throws(NodeError) -> Set<String> {
        do {
            return Set(try JSONText.decode(List.self, from: try folder.contents(of: "manifest.json") ?? []).files)
        } catch let error as NodeError {
            throw error
        } catch {
            throw .snapshotUnsound(path: folder.path(of: "manifest.json"), problem: "is not what Cassandra writes: \(error)")
        }
    }

    private static func schema(_ folder: OpenFolder) throws(NodeError) -> String? {
        guard let bytes = try folder.contents(of: "schema.cql", limit: 16 << 20) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .snapshotUnsound(path: folder.path(of: "schema.cql"), problem: "is not UTF-8") }
        return text
    }

    private static func unexpected(_ entry: OpenFolder.Entry, in folder: OpenFolder) -> NodeError {
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
