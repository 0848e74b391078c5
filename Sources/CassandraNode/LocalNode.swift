package import BackupModel

/// The Cassandra beside the agent. Calls block; one at a time. Over JMX: nothing else is ever asked or told.
///
/// All throw `NodeError`.
package protocol LocalNode: AnyObject {
    /// - Throws: `.unreachable` when nothing answers JMX.
    func facts(ring: RingDetail) throws -> NodeFacts
    /// `OperationMode`; `nil` when nothing answers.
    func mode() throws -> String?
    func flush(keyspaces: [KeyspaceName]) throws
    /// - Throws: `.snapshotExists`; `.remote` with Cassandra's own words. Whatever it throws, part of the snapshot may be there under the tag.
    /// - Returns: Microseconds that Cassandra took to answer.
    func takeSnapshot(tag: SnapshotTag, keyspaces: [KeyspaceName], skipFlush: Bool, timeoutSeconds: Int) throws -> Int
    /// Clears that tag alone; one that is not there is no error.
    func clearSnapshot(tag: SnapshotTag) throws
    /// Full repair of one keyspace, waited for.
    ///
    /// - Parameter progress: Percent so far and the server's last words.
    /// - Returns: False when there was nothing to do (one replica).
    func repair(_ keyspace: KeyspaceName, primaryRangeOnly: Bool, timeoutSeconds: Int, progress: (Int, String) -> Void, isCancelled: () -> Bool) throws -> Bool
    func close()
}

/// One table as a snapshot holds it, over all data folders.
package struct SnapshotTable: Hashable, Sendable {
    package var keyspace: KeyspaceName
    package var name: TableName
    package var id: TableID
    package var schema: String?
    package var sstables: [SnapshotSSTable]

    package init(keyspace: KeyspaceName, name: TableName, id: TableID, schema: String?, sstables: [SnapshotSSTable]) {
        self.keyspace = keyspace
        self.name = name
        self.id = id
        self.schema = schema
        self.sstables = sstables
    }
}

package struct SnapshotSSTable: Hashable, Sendable {
    package var name: SSTableName
    /// Place in `NodeFolders.data`.
    package var folder: Int
    package var index: IndexFolder?
    /// Absolute path of the folder that holds the files.
    package var directory: String
    package var files: [FoundFile]

    package init(name: SSTableName, folder: Int, index: IndexFolder?, directory: String, files: [FoundFile]) {
        self.name = name
        self.folder = folder
        self.index = index
        self.directory = directory
        self.files = files
    }
}

package struct FoundFile: Hashable, Sendable {
    package var component: ComponentName
    package var size: Int
    package var inode: UInt64
    /// Nanoseconds since 1970.
    package var modified: Int

    package init(component: ComponentName, size: Int, inode: UInt64, modified: Int) {
        self.component = component
        self.size = size
        self.inode = inode
        self.modified = modified
    }
}
