import BackupModel

/// Goes through `<data folder>/<keyspace>/<table>-<id>/snapshots` of every data folder.
struct SnapshotWalk {
    struct Place {
        /// Place of the data folder in the list.
        var folder: Int
        var keyspace: String
        /// The table's folder: `orders-5f2fbdad91f13946bd25d5da3a5c35ec`, or whatever else lies there.
        var table: String
        var snapshots: OpenFolder

        var spot: Spot { Spot(folder: folder, keyspace: keyspace, table: table) }
    }

    /// A place to come back to, without a folder held open meanwhile.
    struct Spot {
        let folder: Int
        let keyspace: String
        let table: String
    }

    var folders: [String]
    /// Other keyspaces' folders are not entered; nil: all.
    var keyspaces: Set<KeyspaceName>?
    /// Whether a data folder that is not there is an error.
    var needsEveryFolder = false
    /// Whether a symbolic link in the place of a keyspace or table is passed by rather than refused: what is behind it is not looked at.
    var passesLinks = false

    func forEach(_ body: (Place) throws(NodeError) -> Void) throws(NodeError) {
        var seen: Set<[UInt64]> = []
        for (ordinal, path) in folders.enumerated() {
            guard let top = try OpenFolder.top(path) else {
                if needsEveryFolder { throw .folderUnreadable(path: path, reason: "there is no such data folder") }
                continue
            }
            let status = try top.status()
            guard seen.insert([status.device, status.inode]).inserted else { continue }
            try walk(top, ordinal, body)
        }
    }

    /// The snapshot `tag` of a place that had one, reached as the walk itself does: never through a symbolic link.
    func folder(_ spot: Spot, tag: SnapshotTag) throws(NodeError) -> OpenFolder {
        var folder = try OpenFolder.top(folders[spot.folder])
        for name in [spot.keyspace, spot.table, "snapshots", tag.rawValue] { folder = try folder?.folder(name) }
        guard let folder else {
            throw .snapshotUnsound(path: "\(folders[spot.folder])/\(spot.keyspace)/\(spot.table)/snapshots/\(tag)", problem: "has gone while it was read")
        }
        return folder
    }

    private func walk(_ top: OpenFolder, _ ordinal: Int, _ body: (Place) throws(NodeError) -> Void) throws(NodeError) {
        for keyspace in try top.entries() {
            // What is no keyspace's name (`lost+found`) Cassandra does not read either.
            guard let name = KeyspaceName(rawValue: keyspace.name), keyspaces?.contains(name) != false, let inner = try enter(keyspace, in: top) else {
                continue
            }
            for table in try inner.entries() {
                guard let folder = try enter(table, in: inner), let snapshots = try folder.folder("snapshots") else { continue }
                try body(Place(folder: ordinal, keyspace: keyspace.name, table: table.name, snapshots: snapshots))
            }
        }
    }

    private func enter(_ entry: OpenFolder.Entry, in parent: OpenFolder) throws(NodeError) -> OpenFolder? {
        guard entry.kind == .folder || (entry.kind == .link && !passesLinks) else { return nil }
        return try parent.folder(entry.name)
    }
}
