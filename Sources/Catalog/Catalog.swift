package import BackupModel
import SQLite

/// What the master remembers: clusters, runs, backups, restores. The only SQL.
///
/// Every method is one transaction on a thread of the catalogue's own, and what it changed is on the disk when it returns; only events, nodes' progress
/// and calls of a pause may lose their last entries when power fails. Records come back as values; a row that refers to one which is not there is refused.
package actor Catalog {
    private let executor: SerialQueueExecutor
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    package nonisolated let path: String
    let connection: Connection
    private var lock: InstanceLock?
    private var watchers: [WeakWatcher] = []

    private init(path: String, connection: sending Connection, lock: InstanceLock) {
        executor = SerialQueueExecutor(label: "aeneas.catalog")
        self.path = path
        self.connection = connection
        self.lock = lock
    }

    /// Opens or creates the catalogue, checks its file and brings its schema up to date.
    ///
    /// - Throws: `CatalogError` `.inUse`, `.damaged`, `.newer`, `.foreign`, `.full` or `.unusable`.
    package static func open(path: String) throws(CatalogError) -> Catalog {
        let lock = try InstanceLock(besides: path)
        try createPrivateFile(at: path)
        do {
            let connection = try Connection(path: path)
            let faults = try connection.quickCheck()
            guard faults.isEmpty else { throw CatalogError.damaged(path: path, detail: faults.joined(separator: "; ")) }
            try Migration.bringUp(connection)
            return Catalog(path: path, connection: connection, lock: lock)
        } catch {
            throw CatalogError(error, path: path)
        }
    }

    /// Ends watchers, closes the file and lets another process have it. Any call after this throws `.closed`.
    package func close() {
        connection.close()
        lock = nil
        for watcher in watchers { watcher.queue?.finish() }
        watchers = []
    }

    /// Copies the whole catalogue as of now into a new file that only its owner can read.
    package func copy(to target: String) throws(CatalogError) {
        guard lock != nil else { throw .closed }
        do { try connection.copyPrivately(to: target) } catch { throw CatalogError(error, path: target) }
    }

    /// The id of each run in which something has changed since it was last given: its state, a stage, a node, an event.
    ///
    /// A slow reader gets every changed run once, however much has happened in it; it reads what changed from the catalogue.
    package func changes() -> AsyncStream<RunID> {
        let queue = ChangeQueue()
        if lock == nil { queue.finish() }
        watchers.removeAll { $0.queue == nil }
        watchers.append(WeakWatcher(queue: queue))
        return queue.stream()
    }

    func changed(_ run: RunID) {
        for watcher in watchers { watcher.queue?.add(run) }
    }

    func read<Value>(_ body: (Connection) throws -> Value) throws(CatalogError) -> Value {
        guard lock != nil else { throw .closed }
        do { return try body(connection) } catch { throw CatalogError(error, path: path) }
    }

    @discardableResult
    func write<Value>(_ durability: Connection.Durability = .full, _ body: (Connection) throws -> Value) throws(CatalogError) -> Value {
        guard lock != nil else { throw .closed }
        do { return try connection.transaction(durability, giving: body) } catch { throw CatalogError(error, path: path) }
    }
}

private struct WeakWatcher {
    weak var queue: ChangeQueue?
}
