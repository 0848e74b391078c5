package import BackupModel
package import CassandraNode
import Glibc
package import ObjectStore

/// What an agent is made of besides its own code: chosen by the executable, and by tests.
package struct AgentParts: Sendable {
    package var version: String
    package var openStore: @Sendable (StoreAccess) throws -> any ObjectStore
    package var openNode: @Sendable (NodeAccess) throws -> any LocalNode
    /// Processes that hold something open in these folders: "1234 java".
    package var holders: @Sendable ([String]) -> [String]
    package var now: @Sendable () -> Timestamp

    package init(
        version: String, openStore: @escaping @Sendable (StoreAccess) throws -> any ObjectStore, openNode: @escaping @Sendable (NodeAccess) throws -> any LocalNode,
        holders: @escaping @Sendable ([String]) -> [String] = { ProcessTable.holders(of: $0).map { "\($0.pid) \($0.command)" } },
        now: @escaping @Sendable () -> Timestamp = { .systemNow }
    ) {
        self.version = version
        self.openStore = openStore
        self.openNode = openNode
        self.holders = holders
        self.now = now
    }
}

extension Timestamp {
    package static var systemNow: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: time.tv_sec * 1000 + time.tv_nsec / 1_000_000)
    }
}

extension NodeFolders {
    /// Data folders in order, then commit log, hints, saved caches and cdc as far as they are known.
    var all: [String] { data + side }
    /// Those besides the data folders.
    var side: [String] { [commitLog] + [hints, savedCaches, cdcRaw].compactMap { $0 } }
}
