package import BackupModel

/// Reads snapshots as they lie in the data folders, without asking Cassandra.
package enum SnapshotReader {
    /// Gives each table that the snapshot `tag` holds, ordered by keyspace, table and id; a table's SSTables by data folder, index and name. No more than one table
    /// is held here at a time.
    ///
    /// Whatever is not understood is an error that names it: nothing of a snapshot is left out in silence. Each table is compared with the
    /// list that Cassandra itself left (`manifest.json`, written last): what it names must be there.
    ///
    /// - Parameters:
    ///   - folders: In the order of `NodeFolders.data`; each must exist.
    ///   - keyspaces: Empty: all.
    /// - Throws: `.snapshotMissing`, `.snapshotUnsound`, `.folderUnreadable`.
    package static func forEachTable(tag: SnapshotTag, folders: [String], keyspaces: Set<KeyspaceName>, _ body: (SnapshotTable) -> Void) throws(NodeError) {
        var found: [TableFolderName: [SnapshotWalk.Spot]] = [:]
        let walk = SnapshotWalk(folders: folders, keyspaces: keyspaces.isEmpty ? nil : keyspaces, needsEveryFolder: true)
        try walk.forEach { (place) throws(NodeError) in
            guard let folder = try place.snapshots.folder(tag.rawValue) else { return }
            guard let name = TableFolderName(keyspace: place.keyspace, folder: place.table) else {
                throw .snapshotUnsound(path: folder.path, problem: "lies in a folder that is not named '<table>-<32 hex digits>'")
            }
            found[name, default: []].append(place.spot)
        }
        guard !found.isEmpty else { throw .snapshotMissing(tag) }
        for (name, spots) in found.sorted(by: { $0.key < $1.key }) {
            var parts: [TableSnapshot] = []
            for spot in spots { parts.append(try TableSnapshot(try walk.folder(spot, tag: tag), ordinal: spot.folder)) }
            body(try table(name, parts))
        }
    }

    /// The same, all at once.
    package static func tables(tag: SnapshotTag, folders: [String], keyspaces: Set<KeyspaceName>) throws(NodeError) -> [SnapshotTable] {
        var tables: [SnapshotTable] = []
        try forEachTable(tag: tag, folders: folders, keyspaces: keyspaces) { tables.append($0) }
        return tables
    }

    private static func table(_ name: TableFolderName, _ parts: [TableSnapshot]) throws(NodeError) -> SnapshotTable {
        guard let listed = parts.compactMap(\.listed).reduce(nil as Set<String>?, { ($0 ?? []).union($1) }) else {
            throw .snapshotUnsound(path: parts[0].path, problem: "has no manifest.json: the snapshot is not complete")
        }
        let present = Set(parts.flatMap(\.dataFiles))
        if let missing = listed.subtracting(present).min() {
            throw .snapshotUnsound(path: parts[0].path + "/" + missing, problem: "is named by the snapshot's manifest.json and is not there")
        }
        let schemas = Set(parts.compactMap(\.schema))
        guard schemas.count <= 1 else { throw .snapshotUnsound(path: parts[0].path + "/schema.cql", problem: "differs between data folders") }
        return SnapshotTable(keyspace: name.keyspace, name: name.table, id: name.id, schema: schemas.first, sstables: parts.flatMap(\.sstables))
    }

    /// The folders of all tables' snapshots with exactly this tag, sorted; a data folder that is gone has none.
    package static func folders(of tag: SnapshotTag, in folders: [String]) throws(NodeError) -> [String] {
        var found: [String] = []
        try SnapshotWalk(folders: folders).forEach { (place) throws(NodeError) in
            if try place.snapshots.status(tag.rawValue) != nil { found.append(place.snapshots.path(of: tag.rawValue)) }
        }
        return found.sorted()
    }

    /// Every tag in the data folders, sorted. Tables that are symbolic links are passed by.
    package static func tags(in folders: [String]) throws(NodeError) -> [String] {
        var tags: Set<String> = []
        try SnapshotWalk(folders: folders, passesLinks: true).forEach { (place) throws(NodeError) in
            for entry in try place.snapshots.entries() where entry.kind == .folder { tags.insert(entry.name) }
        }
        return tags.sorted()
    }

    /// Removes one snapshot of ours from the disk, for when Cassandra is not there to do it.
    ///
    /// - Returns: How many tables' folders were removed.
    /// - Throws: `.notOurSnapshot` unless the tag begins with `aeneas-`.
    @discardableResult
    package static func remove(tag: SnapshotTag, folders: [String]) throws(NodeError) -> Int {
        guard tag.rawValue.hasPrefix("aeneas-") else { throw .notOurSnapshot(tag) }
        var removed = 0
        try SnapshotWalk(folders: folders).forEach { (place) throws(NodeError) in
            guard try place.snapshots.folder(tag.rawValue) != nil else { return }
            try place.snapshots.remove(tag.rawValue)
            removed += 1
        }
        return removed
    }
}

/// `<table>-<32 hex digits>` in a keyspace's folder.
struct TableFolderName: Hashable, Comparable {
    let keyspace: KeyspaceName
    let table: TableName
    let id: TableID

    init?(keyspace: String, folder: String) {
        guard let dash = folder.lastIndex(of: "-"), let keyspace = KeyspaceName(rawValue: keyspace), let table = TableName(rawValue: String(folder[..<dash])),
            let id = TableID(rawValue: String(folder[folder.index(after: dash)...]))
        else { return nil }
        (self.keyspace, self.table, self.id) = (keyspace, table, id)
    }

    static func < (left: Self, right: Self) -> Bool { (left.keyspace, left.table, left.id) < (right.keyspace, right.table, right.id) }
}
