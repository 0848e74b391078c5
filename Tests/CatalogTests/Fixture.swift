import BackupModel
import Catalog
import Foundation

/// A catalogue in a folder of its own, and values to put into it.
final class Fixture: Sendable {
    let folder: URL
    let path: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("catalog-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.appendingPathComponent("aeneas.sqlite").path
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    static let start = Timestamp("2026-11-24T14:55:01.250Z")!
    static let cluster = ClusterRecord(
        id: ClusterID(unchecked: "6f1c0b46-6f6d-4c3c-9d1e-2f0f5b0a0001"), name: ClusterName(unchecked: "prod"), cassandraName: "Test Cluster",
        partitioner: "Murmur3Partitioner",
        settings: ClusterSettings(ssh: SSHSettings(user: "aeneas", keyFile: "/etc/aeneas/key")), createdAt: start)
    static let store = StoreRecord(name: StoreName(unchecked: "main"), settings: .folder(path: "/srv/backups"), createdAt: start)

    static func host(_ number: Int) -> HostID { HostID(unchecked: "00000000-0000-4000-8000-00000000000\(number)") }
    static func run(_ number: UInt8, _ kind: RunKind = .backup) -> RunRecord {
        RunRecord(
            id: .ulid(at: start, random: [UInt8](repeating: number, count: 10)), kind: kind, clusterID: cluster.id, request: "{}",
            startedAt: start.advanced(by: Int(number)))
    }

    static let application = ApplicationRecord(
        name: ApplicationName(unchecked: "shop"), settings: ApplicationSettings(targets: [target(1), target(2)]), createdAt: start)

    static func target(_ number: Int) -> PauseTarget { PauseTarget(host: HostAddress(unchecked: "10.0.1.\(number)"), port: 60_053) }

    /// Of the run with the same number.
    static func pause(_ number: UInt8, of application: ApplicationName = application.name, targets: [PauseTarget]) -> PauseRecord {
        let time = start.advanced(by: Int(number))
        return PauseRecord(
            id: .ulid(at: start, random: [UInt8](repeating: number, count: 10)), run: run(number).id, application: application,
            access: PauseAccess(targets: targets, tls: PauseTLS(caPEM: "-----", authority: "db"), callSeconds: 7), intendedAt: time,
            deadlineAt: time.advanced(by: 65_000))
    }

    static func window(of pause: PauseRecord, doubts: [PauseDoubt] = []) -> PauseWindow {
        PauseWindow(
            pause: pause.id, application: pause.application, targets: pause.access.targets, started: pause.intendedAt, ended: pause.deadlineAt,
            windowMicroseconds: 1_500_000, outageMicroseconds: 2_000_000, safe: nil, calls: [], nodes: [], unverified: [], doubts: doubts)
    }

    static func member(_ number: Int, up: Bool = true, tokens: [String]? = nil) -> RingMember {
        RingMember(
            hostID: host(number), address: "10.0.0.\(number)", datacenter: "dc1", rack: "r\(number)", up: up, state: .normal,
            tokens: tokens ?? ["-\(number)", "\(number)"])
    }

    static func facts(_ number: Int, schema: String = "s1") -> NodeFacts {
        NodeFacts(
            clusterName: "Test Cluster", release: "5.0.6", partitioner: "Murmur3Partitioner", snitch: "SimpleSnitch", hostID: host(number),
            address: "10.0.0.\(number)", datacenter: "dc1",
            rack: "r\(number)", tokens: ["-\(number)", "\(number)"], mode: "NORMAL", schemaVersion: schema,
            ring: [], keyspaces: [:],
            folders: NodeFolders(data: ["/data"], commitLog: "/commitlog"), settings: [:], seeds: [], pid: number, space: [], clock: start, snapshots: [])
    }

    /// As `filled`, with five runs and an application.
    func filledWithPauses() async throws -> Catalog {
        let catalog = try await filled()
        try await catalog.addApplication(Fixture.application)
        for number in UInt8(2)...5 { try await catalog.beginRun(Fixture.run(number)) }
        return catalog
    }

    /// Opened, with the cluster, the store and a run in it.
    func filled() async throws -> Catalog {
        let catalog = try Catalog.open(path: path)
        try await catalog.addStore(Fixture.store)
        try await catalog.addCluster(Fixture.cluster)
        try await catalog.beginRun(Fixture.run(1))
        return catalog
    }
}
