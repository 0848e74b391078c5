import BackupModel
import Catalog
import Testing

@Suite struct BackupTests {
    let fixture: Fixture
    let run = Fixture.run(1)
    let later = Fixture.start.advanced(by: 60_000)
    init() throws { fixture = try Fixture() }

    private var backup: BackupRecord {
        BackupRecord(
            id: BackupID(unchecked: "20261124T145501Z-1a2b3c"), clusterID: Fixture.cluster.id, store: Fixture.store.name, run: run.id, consistency: .perNode,
            startedAt: Fixture.start)
    }

    @Test("a backup and its nodes' parts come back whole")
    func backups() async throws {
        let catalog = try await fixture.filled()
        var backup = backup
        var node = NodeBackupRecord(backup: backup.id, hostID: Fixture.host(1), address: "10.0.0.1")
        try await catalog.addBackup(backup, nodes: [node, NodeBackupRecord(backup: backup.id, hostID: Fixture.host(2), address: "10.0.0.2")])
        #expect(try await catalog.nodeBackups(of: backup.id).map(\.state) == [.pending, .pending])

        node.state = .uploaded
        node.snapshot = SnapshotTaken(started: Fixture.start, ended: later)
        node.result = UploadResult(
            manifestSHA256: SHA256Hex(unchecked: String(repeating: "a", count: 64)), manifestSize: 10,
            counts: ManifestEnd(tables: 1, sstables: 2, files: 16, bytes: 1 << 40, damaged: 1),
            sentObjects: 4, sentBytes: 1 << 39, reusedSSTables: 1, requests: 5, damaged: [], gcGraceSeconds: ["shop.orders": 864_000])
        try await catalog.setNodeBackup(node)
        #expect(try await catalog.nodeBackups(of: backup.id).first == node)

        backup.state = .partial
        backup.finishedAt = later
        backup.bytes = 1 << 40
        backup.damaged = 1
        backup.description = BackupDescription(
            id: backup.id, kind: .cluster, consistency: .perNode, cluster: Fixture.cluster.name, clusterID: Fixture.cluster.id, cassandraName: "Test Cluster",
            run: run.id, started: Fixture.start,
            finished: later, release: "5.0.6", partitioner: "Murmur3Partitioner", snitch: "SimpleSnitch", schemaVersion: "s1", nodes: [], complete: false,
            keyspaces: ["shop": ["class": "SimpleStrategy", "replication_factor": "3"]], gcGraceSeconds: [:], onlyKeyspaces: [])
        try await catalog.updateBackup(backup)
        #expect(try await catalog.backup(backup.id) == backup)
        #expect(try await catalog.backups(cluster: Fixture.cluster.id) == [backup])
    }

    @Test("a backup whose nodes cannot all be added is not added")
    func allOrNothing() async throws {
        let catalog = try await fixture.filled()
        let stray = NodeBackupRecord(backup: BackupID(unchecked: "20261124T145501Z-ffffff"), hostID: Fixture.host(1), address: "10.0.0.1")
        await #expect(throws: CatalogError.self) { try await catalog.addBackup(backup, nodes: [stray]) }
        #expect(try await catalog.backups() == [])
        await #expect(throws: CatalogError.unknown(.backup, backup.id.rawValue)) { try await catalog.updateBackup(backup) }
    }

    @Test("a restore keeps its plan, its state and each node's step")
    func restores() async throws {
        let catalog = try await fixture.filled()
        let restore = RestoreRecord(
            id: .ulid(at: Fixture.start, random: [UInt8](repeating: 3, count: 10)), clusterID: Fixture.cluster.id, backup: backup.id, store: Fixture.store.name,
            kind: .node, plan: #"{"nodes":1}"#,
            createdAt: Fixture.start, updatedAt: Fixture.start)
        var node = RestoreNodeRecord(
            restore: restore.id, hostID: Fixture.host(1), address: "10.0.0.1", step: "staged",
            layout: RestoreLayout(restore: restore.id, folders: NodeFolders(data: ["/data"], commitLog: "/commitlog")), updatedAt: Fixture.start)
        try await catalog.addRestore(restore, nodes: [node])
        node.step = "placed"
        node.updatedAt = later
        try await catalog.setRestoreNode(node)
        try await catalog.updateRestore(restore.id, state: .awaitingDecision, at: later)
        try await catalog.setRun(run.id, restore: restore.id)

        var expected = restore
        expected.state = .awaitingDecision
        expected.updatedAt = later
        #expect(try await catalog.restore(restore.id) == expected)
        #expect(try await catalog.restores(cluster: Fixture.cluster.id) == [expected])
        #expect(try await catalog.restoreNodes(of: restore.id) == [node])
        #expect(try await catalog.run(run.id).restore == restore.id)
    }

    @Test("the audit keeps who asked for what, newest first")
    func audit() async throws {
        let catalog = try await fixture.filled()
        try await catalog.audit(who: "uid 1000", what: "cluster.add", target: "prod", at: Fixture.start, outcome: "done")
        try await catalog.audit(who: "uid 0", what: "backup.start", target: "prod", at: later, outcome: "catalog.cluster-locked")
        #expect(try await catalog.audits().map(\.what) == ["backup.start", "cluster.add"])
        #expect(try await catalog.audits().last == AuditRecord(id: 1, at: Fixture.start, who: "uid 1000", what: "cluster.add", target: "prod", outcome: "done"))
    }
}
