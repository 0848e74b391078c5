import BackupModel
import Foundation
import SQLite
import Testing

@testable import Catalog

@Suite struct UpgradeTests {
    let fixture: Fixture
    init() throws { fixture = try Fixture() }

    /// Every row of every table of `version`, as text, by table.
    private func rows(of connection: Connection, columns: [String: [String]]) throws -> [String: [String]] {
        try columns.mapValues { $0.map { "quote(\($0))" }.joined(separator: " || ',' || ") }.reduce(into: [:]) { rows, table in
            rows[table.key] = try connection.rows("SELECT \(table.value) AS line FROM \(table.key) ORDER BY line") { row -> String in try row["line"] }
        }
    }

    private func columns(of connection: Connection) throws -> [String: [String]] {
        let tables = try connection.rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'") { row -> String in try row["name"]
        }
        return try tables.reduce(into: [:]) { columns, table in
            columns[table] = try connection.rows("SELECT name FROM pragma_table_info('\(table)')") { row -> String in try row["name"] }
        }
    }

    /// A catalogue as version 1 wrote it, with rows in every table.
    private func writeFirst() throws -> (columns: [String: [String]], rows: [String: [String]]) {
        let connection = try Connection(path: fixture.path)
        try Migration.bringUp(connection, by: [Migration.all[0]])
        try connection.run(Self.first)
        let columns = try columns(of: connection), rows = try rows(of: connection, columns: columns)
        connection.close()
        return (columns, rows)
    }

    @Test("a catalogue of version 1 with rows in every table is brought up with every row as it was")
    func fromFirst() async throws {
        let (columns, before) = try writeFirst()
        #expect(columns.count == 14 && before.allSatisfy { !$0.value.isEmpty })

        let catalog = try Catalog.open(path: fixture.path)
        let runs = try await catalog.runs()
        #expect(runs.map(\.state) == [.interrupted, .failed, .succeeded] && runs.allSatisfy { $0.clusterID == Fixture.cluster.id })
        #expect(try await catalog.clusters().map(\.settings) == [ClusterSettings(ssh: SSHSettings(user: "u", keyFile: "/k"))])
        #expect(try await catalog.lock(of: Fixture.cluster.id)?.epoch == 7)
        #expect(try await catalog.openPauses().isEmpty)
        #expect(try await catalog.applications().isEmpty)
        await catalog.close()

        let connection = try Connection(path: fixture.path)
        #expect(try rows(of: connection, columns: columns) == before)
        #expect(try connection.userVersion == Migration.all.count)
        #expect(try connection.quickCheck().isEmpty)
        #expect(try connection.rows("PRAGMA foreign_key_check") { row -> String in try row["table"] }.isEmpty)
        let copy = try Connection(path: fixture.path + ".schema-1")
        #expect(try rows(of: copy, columns: columns) == before)
    }

    @Test("after the upgrade a run that others refer to cannot go, and a stage of no run cannot come")
    func keysAfterwards() throws {
        _ = try writeFirst()
        let connection = try Connection(path: fixture.path)
        try Migration.bringUp(connection)
        #expect(throws: SQLiteError.self) { try connection.run("DELETE FROM run WHERE id = '\(Fixture.run(1).id)'") }
        #expect(throws: SQLiteError.self) { try connection.run("INSERT INTO run_stage VALUES ('none', 1, 'check', 'done', 1, 2, NULL)") }
        #expect(
            try connection.rows("SELECT DISTINCT \"table\" AS parent FROM pragma_foreign_key_list('run_stage')") { row -> String in try row["parent"] } == [
                "run"
            ])
    }

    @Test("an upgrade that finds the disk full leaves the catalogue at version 1, whole")
    func full() throws {
        let (columns, before) = try writeFirst()
        let connection = try Connection(path: fixture.path)
        try connection.run("PRAGMA max_page_count = 1")
        #expect(throws: SQLiteError.self) { try Migration.bringUp(connection) }
        #expect(try connection.userVersion == 1)
        #expect(try rows(of: connection, columns: columns) == before)
    }

    private static let first = """
        INSERT INTO store VALUES ('main', '6f1c0b46-6f6d-4c3c-9d1e-2f0f5b0a0009', '{"folder":{"path":"/b"}}', 1);
        INSERT INTO cluster VALUES ('\(Fixture.cluster.id)', 'prod', 'Test Cluster', 'Murmur3Partitioner', '{"ssh":{"user":"u","keyFile":"/k"}}', 2);
        INSERT INTO node VALUES ('\(Fixture.cluster.id)', '\(Fixture.host(1))', '10.0.0.1', 'dc1', '\(Fixture.run(1).id)', '["1"]', '{}', 3, 1);
        INSERT INTO topology VALUES (5, '\(Fixture.cluster.id)', 3, '5.0.6', 's1', '[]');
        INSERT INTO run VALUES ('\(Fixture.run(1).id)', 'backup', '\(Fixture.cluster.id)', 'succeeded', '{}', 10, 20, NULL, '20261124T145501Z-1a2b3c', NULL);
        INSERT INTO run VALUES ('\(Fixture.run(2).id)', 'restoreNode', '\(Fixture.cluster.id)', 'failed', '{"a":"''✓"}', 30, 40, '{"code":"a.b","summary":"x","recovery":"fix","causes":[]}', '20261124T145501Z-1a2b3c', '01J9ZK00000000000000000000');
        INSERT INTO run VALUES ('\(Fixture.run(3).id)', 'verify', '\(Fixture.cluster.id)', 'interrupted', '{}', 50, NULL, NULL, NULL, NULL);
        INSERT INTO run_stage VALUES ('\(Fixture.run(1).id)', 1, 'check', 'done', 10, 11, '3 nodes'), ('\(Fixture.run(3).id)', 1, 'verify', 'interrupted', 50, 51, NULL);
        INSERT INTO run_node VALUES ('\(Fixture.run(1).id)', '\(Fixture.host(1))', '10.0.0.1', 'upload', NULL, 'done', NULL, NULL, 15);
        INSERT INTO run_event VALUES ('\(Fixture.run(1).id)', 1, 12, 'info', NULL, 'x', NULL), ('\(Fixture.run(1).id)', 2, 13, 'error', '10.0.0.1', 'y', 'a.b');
        INSERT INTO cluster_lock VALUES ('\(Fixture.cluster.id)', 7, '\(Fixture.run(3).id)', 50);
        INSERT INTO backup VALUES ('20261124T145501Z-1a2b3c', '\(Fixture.cluster.id)', 'main', '\(Fixture.run(1).id)', 'complete', 'per-node', 10, 20, 1, 2, 3, 0, NULL);
        INSERT INTO node_backup VALUES ('20261124T145501Z-1a2b3c', '\(Fixture.host(1))', '10.0.0.1', 'uploaded', NULL, NULL, NULL);
        INSERT INTO restore VALUES ('01J9ZK00000000000000000000', '\(Fixture.cluster.id)', '20261124T145501Z-1a2b3c', 'main', 'node', 'failed', '{}', 30, 40);
        INSERT INTO node_restore VALUES ('01J9ZK00000000000000000000', '\(Fixture.host(1))', '10.0.0.1', 'placed', '{}', 35);
        INSERT INTO audit VALUES (9, 60, 'root', 'restore', 'prod', 'failed');
        """
}
