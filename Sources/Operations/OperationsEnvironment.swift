package import BackupModel
package import Catalog
package import Logging
package import NodeDispatch
package import ObjectStore
package import Threads

/// What the operations work with; clock, randomness and drivers are passed in.
package struct OperationsEnvironment: Sendable {
    package var catalog: Catalog
    package var dispatch: any NodeDispatch
    /// The executable's choice of drivers.
    package var openStore: @Sendable (StoreAccess) throws -> any ObjectStore
    package var clock: @Sendable () -> Timestamp
    package var random: @Sendable (Int) -> [UInt8]
    package var log: Log
    /// For the stores' blocking calls.
    package var pool: BlockingPool
    package var limits: OperationLimits
    package var pausing: PauseEnvironment
    package let pauseKeeper = PauseKeeper()

    package init(
        catalog: Catalog, dispatch: any NodeDispatch, openStore: @escaping @Sendable (StoreAccess) throws -> any ObjectStore, clock: @escaping @Sendable () -> Timestamp,
        random: @escaping @Sendable (Int) -> [UInt8], log: Log, pool: BlockingPool, pausing: PauseEnvironment = .unavailable,
        limits: OperationLimits = OperationLimits()
    ) {
        self.catalog = catalog
        self.dispatch = dispatch
        self.openStore = openStore
        self.clock = clock
        self.random = random
        self.log = log
        self.pool = pool
        self.pausing = pausing
        self.limits = limits
    }

    func newULID<Name: CheckedName>(_ type: Name.Type = Name.self) -> Name { Name.ulid(at: clock(), random: random(10)) }

    func newUUID() -> ClusterID {
        var bytes = random(16)
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let hex = bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
        let groups = [hex[0..<4], hex[4..<6], hex[6..<8], hex[8..<10], hex[10..<16]]
        return ClusterID(unchecked: groups.map { $0.joined() }.joined(separator: "-"))
    }
}

/// Bounds that tests shorten.
package struct OperationLimits: Sendable {
    /// Nodes in work at a time for checks and for transfers.
    package var nodesAtOnce = 64
    /// A job without a master for so long ends by itself.
    package var jobLeaseSeconds = 900
    /// How long a node may be out of reach while its job is followed.
    package var outOfReach = Duration.seconds(600)
    package var reconnectPause = Duration.milliseconds(500)
    package var snapshotTimeoutSeconds = 600
    /// How often a job that died without an end is started again.
    package var jobRestarts = 3
    /// How long a backup may take before its marker in the store loses its protection.
    package var backupLease = 7 * 86_400
    package var ringPoll = Duration.milliseconds(500)
    /// Between two tries to write the end of a run down.
    package var catalogRetry = Duration.seconds(1)
    /// From the guardians' start to the first Pause: the second flush happens in it.
    package var pausePrelude = Duration.seconds(60)
    /// How often the instances of a paused application are asked whether they still are.
    package var pausePoll = Duration.milliseconds(100)
    /// How long a run tries to prove every instance open before it ends as failed; the trying goes on.
    package var unpauseProof = Duration.seconds(30)
    /// After the time in which a Pause that was given up may still take effect.
    package var lateMargin = Duration.seconds(2)
    package var guardStart = Duration.seconds(30)
    /// How long nothing may be heard of a command that runs elsewhere in a window.
    package var commandSilence = Duration.seconds(5)

    package init() {}
}
