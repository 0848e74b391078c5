import BackupModel
import Catalog
import Crypto
import Foundation
import Logging
import NodeDispatch
import ObjectStore
import ObjectStoreDrivers
@testable import Operations
import ScalarAdmin
import Synchronization
import TestSupport
import Testing
import Threads

/// A master over a real catalogue and a real folder store in a folder of its own; SSH, agents and Cassandra are the fake cluster.
final class Bench: Sendable {
    let folder: URL
    let cluster: FakeCluster
    let storeFolder: URL
    /// What is paused: three instances.
    let application = FakeApplication()
    let guards = FakeGuards()
    private let time = Mutex(Timestamp("2026-11-24T14:55:01.250Z")!)
    let files = Mutex(0)

    init(nodes: Int = 3, seeds: Int = 1) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("operations-\(UUID().uuidString)")
        storeFolder = folder.appendingPathComponent("store")
        cluster = FakeCluster(nodes: nodes, seeds: seeds)
        try FileManager.default.createDirectory(at: storeFolder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// A clock that goes on a millisecond whenever somebody looks at it.
    func now() -> Timestamp {
        time.withLock { time in
            time = time.advanced(by: 1)
            return time
        }
    }

    func pass(days: Int) { time.withLock { $0 = $0.advanced(by: days * 86_400_000) } }

    func newCataloguePath() -> String {
        let number = files.withLock { number in
            number += 1
            return number
        }
        return folder.appendingPathComponent("catalogue-\(number).sqlite").path
    }

    /// - Parameter crash: When this master is to be killed.
    func master(_ path: String? = nil, crash: CrashPoint? = nil) throws -> Master {
        try Master(self, path: path ?? newCataloguePath(), crash: crash, limits: .quick)
    }

    func pausing(_ crash: Crash?) -> PauseEnvironment {
        PauseEnvironment(
            openLink: { [application] target, _ in
                let link = application.link(target)
                return crash.map { CrashingLink(inner: link, crash: $0) } ?? link
            }, resolve: { source in source.targets }, guards: guards, folder: folder.appendingPathComponent("window").path)
    }

    // MARK: the store as it lies on disk

    /// Paths of all objects below the store, sorted.
    var objects: [String] {
        let all = FileManager.default.enumerator(atPath: storeFolder.path)?.allObjects as? [String] ?? []
        return all.filter { !$0.hasPrefix("-unfinished") && !(isFolder($0)) }.sorted()
    }

    private func isFolder(_ path: String) -> Bool {
        var folder: ObjCBool = false
        return FileManager.default.fileExists(atPath: storeFolder.appendingPathComponent(path).path, isDirectory: &folder) && folder.boolValue
    }

    func hasBackup(_ id: BackupID) -> Bool { objects.contains("clusters/prod/backups/\(id)/backup.json") }
    /// Tags of ours that some node still has.
    var leftTags: [String] { cluster.nodes.flatMap(\.ours) }
    var operatorsTagsStand: Bool { cluster.nodes.allSatisfy { $0.snapshots.isSuperset(of: ["operator_keep", "truncated-1700000000000-events"]) } }
}

extension OperationLimits {
    /// Pauses too short to be waited for.
    static var quick: OperationLimits {
        var limits = OperationLimits()
        limits.reconnectPause = .milliseconds(1)
        limits.ringPoll = .milliseconds(1)
        limits.catalogRetry = .milliseconds(20)
        limits.pausePoll = .milliseconds(5)
        limits.unpauseProof = .milliseconds(300)
        limits.lateMargin = .milliseconds(20)
        limits.guardStart = .seconds(10)
        limits.commandSilence = .milliseconds(300)
        return limits
    }
}

/// One life of the master: from opening a catalogue to its end.
final class Master: Sendable {
    let bench: Bench
    let catalog: Catalog
    let operations: Operations
    let crash: Crash?

    static let cluster = ClusterName(unchecked: "prod"), store = StoreName(unchecked: "main")

    init(_ bench: Bench, path: String, crash point: CrashPoint?, limits: OperationLimits) throws {
        self.bench = bench
        let catalog = try Catalog.open(path: path)
        self.catalog = catalog
        let crash = point.map { Crash($0, catalog: catalog, copy: bench.newCataloguePath()) }
        self.crash = crash
        operations = Operations(
            environment: OperationsEnvironment(
                catalog: catalog, dispatch: crash.map { CrashingDispatch(inner: bench.cluster, crash: $0) } ?? bench.cluster,
                openStore: { access in
                    let store = try openStore(access)
                    return crash.map { CrashingStore(inner: store, crash: $0) } ?? store
                }, clock: { bench.now() }, random: { randomBytes($0) }, log: Log(level: .error), pool: BlockingPool(width: 4), pausing: bench.pausing(crash), limits: limits))
    }

    // MARK: what most tests begin with

    var settings: ClusterSettings {
        var settings = ClusterSettings(ssh: SSHSettings(user: "aeneas", keyFile: "/etc/aeneas/key"), stopCommand: ["stop", "{address}", "{host_id}"], startCommand: ["start"], startTimeoutSeconds: 60, store: Master.store)
        settings.transfer = Transfer(workers: 2)
        return settings
    }

    @discardableResult
    func addStore(_ name: StoreName = Master.store) async throws -> StoreRecord { try await operations.addStore(name, .folder(path: bench.storeFolder.path)) }

    @discardableResult
    func register(_ name: String = "prod", contact: String = "10.0.0.1", accept: Bool = false, _ change: (inout ClusterSettings) -> Void = { _ in }) async throws -> ClusterRecord {
        var settings = settings
        change(&settings)
        return try await operations.registration.register(name: ClusterName(name), contact: HostAddress(contact), settings: settings, acceptNewHostKeys: accept)
    }

    func setUp(_ change: (inout ClusterSettings) -> Void = { _ in }) async throws {
        try await addStore()
        try await register("prod", change)
    }

    /// Runs a backup to its end.
    func backUp(_ keyspaces: [KeyspaceName] = []) async throws -> (backup: BackupRecord, run: RunRecord) {
        let backup = try await operations.startBackup(BackupRequest(cluster: Master.cluster, keyspaces: keyspaces))
        let run = try await end(backup.run)
        return (try await catalog.backup(backup.id), run)
    }

    func end(_ run: RunID) async throws -> RunRecord {
        await operations.registry.wait(for: run)
        return try await catalog.run(run)
    }

    func restoreRequest(_ node: String? = nil, overrides: [String] = []) -> RestoreRequest { RestoreRequest(cluster: Master.cluster, node: node, overrides: overrides) }

    /// Plans, confirms and carries out a restore to its end.
    func restore(_ node: String? = nil, overrides: [String] = []) async throws -> (restore: RestoreRecord, run: RunRecord) {
        let request = restoreRequest(node, overrides: overrides)
        let (run, id) = try await operations.startRestore(request, digest: try await operations.planRestore(request).digest)
        let ended = try await end(run.id)
        return (try await catalog.restore(id), ended)
    }

    func codes(of run: RunID) async throws -> [String] { try await catalog.events(of: run).compactMap(\.code) }
    func texts(of run: RunID) async throws -> [String] { try await catalog.events(of: run).map(\.text) }
    func stages(of run: RunID) async throws -> [String] { try await catalog.stages(of: run).map { "\($0.name) \($0.state.rawValue)" } }

    /// As on SIGTERM.
    func stop() async {
        await operations.registry.suspendAll()
        await catalog.close()
    }

    /// Nothing says running, and no cluster is held.
    func isAtRest() async throws -> Bool {
        for cluster in try await catalog.clusters() where try await catalog.lock(of: cluster.id) != nil { return false }
        let runs = try await catalog.runs(), stages = try await stageStates(runs)
        let backups = try await catalog.backups(), restores = try await catalog.restores()
        return runs.allSatisfy { $0.endedAt != nil && $0.state != .running } && !stages.contains(.running) && !stages.contains(.pending) && backups.allSatisfy { $0.state != .running }
            && restores.allSatisfy { $0.state != .running }
    }

    private func stageStates(_ runs: [RunRecord]) async throws -> [StageState] {
        var states: [StageState] = []
        for run in runs { states += try await catalog.stages(of: run.id).map(\.state) }
        return states
    }
}

/// The failure that `body` ends in.
func failure<Value>(_ body: () async throws -> Value) async -> Failure? {
    do {
        _ = try await body()
        return nil
    } catch { return Failure(error) }
}
