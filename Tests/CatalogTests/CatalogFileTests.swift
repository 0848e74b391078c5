import BackupModel
import Foundation
import SQLite
import Testing

@testable import Catalog

@Suite struct CatalogFileTests {
    let fixture: Fixture
    init() throws { fixture = try Fixture() }

    private func failure(of body: () throws -> Void) -> CatalogError? {
        do { try body() } catch { return error as? CatalogError }
        return nil
    }

    private func mode(_ path: String) throws -> Int? { try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int }

    @Test("the migrations lead from an empty database to schema.sql")
    func migrationsEqualSchema() async throws {
        func shape(_ connection: Connection) throws -> [String: String] {
            let objects = try connection.rows("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL") { row in
                (
                    "\(try row["type"] as String) \(try row["name"] as String)",
                    (try row["sql"] as String).replacing(#/--[^\n]*/#, with: "").replacing(#/\s+/#, with: " ").replacing(" )", with: ")")
                )
            }
            return Dictionary(uniqueKeysWithValues: objects)
        }
        func number(_ connection: Connection, _ pragma: String) throws -> Int? { try connection.row("PRAGMA \(pragma)") { row -> Int in try row[pragma] } }

        try await Catalog.open(path: fixture.path).close()
        let migrated = try Connection(path: fixture.path)
        let described = try Connection(path: fixture.folder.appendingPathComponent("described.sqlite").path)
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        try described.run(try String(contentsOf: root.appendingPathComponent("schema.sql"), encoding: .utf8))

        #expect(try shape(migrated) == shape(described))
        #expect(try shape(migrated).count > 15)
        for pragma in ["user_version", "application_id"] { #expect(try number(migrated, pragma) == number(described, pragma)) }
        #expect(
            try migrated.rows("PRAGMA table_list") { row in (try row["name"] as String, try row["strict"] as Bool) }.allSatisfy {
                $0.0.hasPrefix("sqlite_") || $0.1
            })
    }

    @Test("what was written is there after closing and opening again")
    func reopen() async throws {
        let catalog = try await fixture.filled()
        try await catalog.appendEvent(Fixture.run(1).id, at: Fixture.start, level: .warning, node: "10.0.0.1", text: "slow", code: "node.slow")
        await catalog.close()
        let again = try Catalog.open(path: fixture.path)
        #expect(try await again.clusters() == [Fixture.cluster])
        #expect(try await again.stores() == [Fixture.store])
        #expect(try await again.runs() == [Fixture.run(1)])
        #expect(
            try await again.events(of: Fixture.run(1).id)
                == [RunEvent(run: Fixture.run(1).id, number: 1, at: Fixture.start, level: .warning, node: "10.0.0.1", text: "slow", code: "node.slow")])
    }

    @Test("what was written is there although the process never closed the file")
    func crash() async throws {
        let catalog = try await fixture.filled()
        let crashed = fixture.folder.appendingPathComponent("crashed.sqlite").path
        for suffix in ["", "-wal"] { try FileManager.default.copyItem(atPath: fixture.path + suffix, toPath: crashed + suffix) }
        #expect(try await Catalog.open(path: crashed).runs() == [Fixture.run(1)])
        await catalog.close()
    }

    @Test("the file, its log and its lock can be read by their owner alone")
    func modes() async throws {
        let catalog = try await fixture.filled()
        for suffix in ["", "-wal", "-shm", ".lock"] { #expect(try mode(fixture.path + suffix) == 0o600) }
        await catalog.close()
    }

    @Test("a second instance on the same file is refused until the first has closed")
    func secondInstance() async throws {
        let first = try Catalog.open(path: fixture.path)
        #expect(throws: CatalogError.inUse(path: fixture.path)) { try Catalog.open(path: fixture.path) }
        await first.close()
        try await Catalog.open(path: fixture.path).close()
    }

    @Test("a newer schema is refused and left as it is")
    func newer() async throws {
        try await Catalog.open(path: fixture.path).close()
        let connection = try Connection(path: fixture.path)
        try connection.run("PRAGMA user_version = 99")
        connection.close()
        let error = failure { _ = try Catalog.open(path: fixture.path) }
        #expect(error == .newer(path: fixture.path, found: 99, known: Migration.all.count))
        #expect(error?.failure.code == "catalog.newer")
        #expect(try Connection(path: fixture.path).userVersion == 99)
    }

    @Test("another program's database is refused and left as it is")
    func foreign() async throws {
        let connection = try Connection(path: fixture.path)
        try connection.run("CREATE TABLE theirs (i INTEGER)")
        #expect(throws: CatalogError.foreign(path: fixture.path)) { try Catalog.open(path: fixture.path) }
        #expect(try connection.rows("SELECT name FROM sqlite_schema") { row -> String in try row["name"] } == ["theirs"])
    }

    @Test("an upgrade first copies the catalogue; a step that fails leaves it at the one before")
    func upgrade() async throws {
        let catalog = try await fixture.filled()
        await catalog.close()
        let connection = try Connection(path: fixture.path)
        let steps =
            Migration.all + [
                Migration(script: "CREATE TABLE more (i INTEGER) STRICT"),
                Migration(script: "CREATE TABLE most (i INTEGER) STRICT; CREATE TABLE more (i INTEGER)"),
            ]
        #expect(throws: SQLiteError.self) { try Migration.bringUp(connection, by: steps) }
        #expect(try connection.userVersion == Migration.all.count + 1)
        #expect(try connection.rows("SELECT name FROM sqlite_schema WHERE name LIKE 'mo%'") { row -> String in try row["name"] } == ["more"])
        let copy = "\(fixture.path).schema-\(Migration.all.count)"
        #expect(try mode(copy) == 0o600)
        #expect(try await Catalog.open(path: copy).runs() == [Fixture.run(1)])
    }

    @Test("a step of the schema that leaves a row without the one it refers to is undone, and what comes after is held to foreign keys again")
    func danglingStep() async throws {
        try await fixture.filled().close()
        let connection = try Connection(path: fixture.path)
        let steps = Migration.all + [Migration(script: "DELETE FROM cluster")]
        let error = failure { try Migration.bringUp(connection, by: steps) }
        guard case .danglingReference(let detail) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(detail.contains("'run' to 'cluster'"))
        #expect(try connection.userVersion == Migration.all.count)
        #expect(throws: SQLiteError.self) { try connection.run("DELETE FROM cluster") }
    }

    @Test("a damaged file is refused by name", arguments: [0, 4096 * 4])
    func damaged(offset: UInt64) async throws {
        let catalog = try await fixture.filled()
        await catalog.close()
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: fixture.path))
        try file.seek(toOffset: offset)
        try file.write(contentsOf: Data(repeating: 0xEE, count: 4096))
        try file.close()
        let error = failure { _ = try Catalog.open(path: fixture.path) }
        #expect(error?.failure.code == "catalog.damaged")
    }

    @Test("a full disk is reported as such, undoes the whole change, and what was there stays readable")
    func full() async throws {
        let catalog = try await fixture.filled()
        let run = Fixture.run(1).id
        let text = String(repeating: "x", count: 100_000)
        try await catalog.limitPages(to: 60)
        await #expect(throws: CatalogError.full(path: fixture.path)) {
            for _ in 0..<100 { try await catalog.appendEvent(run, at: Fixture.start, level: .info, text: text) }
        }
        let kept = try await catalog.events(of: run).count
        #expect(kept < 100)
        try await catalog.limitPages(to: 100_000)
        #expect(try await catalog.appendEvent(run, at: Fixture.start, level: .info, text: text).number == kept + 1)
        await catalog.close()
    }

    @Test("a folder that is not there is reported with the path")
    func noFolder() throws {
        let path = fixture.folder.appendingPathComponent("absent/aeneas.sqlite").path
        let error = failure { _ = try Catalog.open(path: path) }
        #expect(error?.failure.code == "catalog.unusable")
        #expect(error?.failure.summary.contains(path) == true)
    }

    @Test("a closed catalogue refuses and ends its watchers")
    func closed() async throws {
        let catalog = try await fixture.filled()
        let changes = await catalog.changes()
        await catalog.close()
        await #expect(throws: CatalogError.closed) { try await catalog.clusters() }
        for await _ in changes { Issue.record("nothing had changed") }
    }

    @Test("a copy taken beside the open catalogue opens as one")
    func copy() async throws {
        let catalog = try await fixture.filled()
        let target = fixture.folder.appendingPathComponent("copy.sqlite").path
        try await catalog.copy(to: target)
        #expect(try await Catalog.open(path: target).runs() == [Fixture.run(1)])
        await catalog.close()
    }
}

extension Catalog {
    /// Lets the file grow to so many pages of 4 KiB.
    fileprivate func limitPages(to count: Int) throws { try connection.run("PRAGMA max_page_count = \(count)") }
}
