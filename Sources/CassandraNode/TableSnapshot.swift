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
        var group = SSTableGroup(folder), indexes: [IndexFolder] = [], listed: Set<String>?, schema: String?
        try folder.forEachEntry { (entry) throws(NodeError) in
            switch (entry.kind, entry.name) {
            case (.file, "manifest.json"): listed = try Self.list(folder)
            case (.file, "schema.cql"): schema = try Self.schema(folder)
            case (.file, "ephemeral.snapshot"): break
            case (.folder, _):
                guard let index = IndexFolder(rawValue: entry.name) else { throw .unexpected(entry, in: folder) }
                indexes.append(index)
            default: try group.add(entry)
            }
        }
        (self.listed, self.schema) = (listed, schema)
        sstables = try group.sstables(ordinal: ordinal, index: nil)
        for index in indexes.sorted() {
            guard let inner = try folder.folder(index.rawValue) else {
                throw .snapshotUnsound(path: folder.path(of: index.rawValue), problem: "has gone while it was read")
            }
            var group = SSTableGroup(inner)
            try inner.forEachEntry { (entry) throws(NodeError) in try group.add(entry) }
            sstables += try group.sstables(ordinal: ordinal, index: index)
        }
    }

    /// As `manifest.json` writes them.
    var dataFiles: [String] { sstables.map { ($0.index.map { "\($0)/" } ?? "") + "\($0.name)-\(ComponentName.data)" } }

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
}
