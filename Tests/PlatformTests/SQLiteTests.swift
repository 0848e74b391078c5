import Foundation
import SQLite
import Testing

@Suite struct SQLiteTests {
    private let folder: URL
    private var path: String { folder.appendingPathComponent("test.sqlite").path }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("sqlite-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func failure(of body: () throws -> Void) -> SQLiteError? {
        do { try body() } catch { return error as? SQLiteError }
        return nil
    }

    private func withConnection(_ body: (Connection) throws -> Void) throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(try Connection(path: path))
    }

    @Test("every kind of value comes back as it was bound, also empty ones and text with a zero")
    func values() throws {
        try withConnection { db in
            try db.run("CREATE TABLE t (i INTEGER, r REAL, t TEXT, b BLOB, n TEXT, e TEXT, z TEXT, y BLOB) STRICT")
            try db.execute("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?, ?)", Int.min, 0.5, "naïve 'x'", [UInt8](0...255), String?.none, "", "a\0b", [UInt8]())
            let row = try #require(try db.row("SELECT * FROM t") { $0 })
            #expect(try row["i"] == Int.min)
            #expect(try row["r"] == 0.5)
            #expect(try row["t"] == "naïve 'x'")
            #expect(try row["b"] == [UInt8](0...255))
            #expect(try (row["n"] as String?) == nil)
            #expect(try row["e"] == "")
            #expect(try row["z"] == "a\0b")
            #expect(try row["y"] == [UInt8]())
        }
    }

    @Test("reading a column as what it does not hold is refused by the column's name")
    func wrongType() throws {
        try withConnection { db in
            #expect(throws: ColumnError(column: "a", detail: "holds no Int")) { try db.row("SELECT 'x' AS a") { row -> Int in try row["a"] } }
            #expect(throws: ColumnError(column: "b", detail: "is not in the answer")) { try db.row("SELECT 'x' AS a") { row -> Int in try row["b"] } }
        }
    }

    @Test("an error carries SQLite's own text, its extended code and the statement")
    func errors() throws {
        try withConnection { db in
            try db.run(
                "CREATE TABLE parent (id INTEGER PRIMARY KEY) STRICT; CREATE TABLE child (id INTEGER REFERENCES parent) STRICT; INSERT INTO parent VALUES (1)")
            let syntax = failure { _ = try db.execute("SELEC 1") }
            #expect(syntax?.text == "near \"SELEC\": syntax error")
            #expect(syntax?.statement == "SELEC 1")
            let foreign = failure { _ = try db.execute("INSERT INTO child VALUES (?)", 9) }
            #expect(foreign?.isForeignKeyViolation == true)
            let duplicate = failure { _ = try db.execute("INSERT INTO parent VALUES (?)", 1) }
            #expect(duplicate?.isUniquenessViolation == true)
            #expect(duplicate?.kind == .constraint)
        }
    }

    @Test("what a failed transaction did is undone, and the connection goes on")
    func rollback() throws {
        struct Stop: Error {}
        try withConnection { db in
            try db.run("CREATE TABLE t (i INTEGER) STRICT")
            #expect(throws: Stop.self) {
                try db.transaction {
                    try db.execute("INSERT INTO t VALUES (1)")
                    throw Stop()
                }
            }
            try db.transaction(.normal) { try db.execute("INSERT INTO t VALUES (2)") }
            #expect(try db.rows("SELECT i FROM t") { row -> Int in try row["i"] } == [2])
        }
    }

    @Test("the durability asked for is in force within the transaction")
    func durability() throws {
        try withConnection { db in
            func level() throws -> Int? { try db.row("PRAGMA synchronous") { row -> Int in try row["synchronous"] } }
            let normal = try db.transaction(.normal) { try level() }
            let full = try db.transaction(.full) { try level() }
            #expect([normal, full] == [1, 2])
        }
    }

    @Test("a second writer waits no longer than the busy timeout")
    func busy() throws {
        try withConnection { first in
            try first.run("CREATE TABLE t (i INTEGER) STRICT")
            let second = try Connection(path: path, busyTimeoutMilliseconds: 1)
            try first.transaction {
                let error = failure { _ = try second.transaction { try second.execute("INSERT INTO t VALUES (1)") } }
                #expect(error?.kind == .busy)
            }
            try second.transaction { try second.execute("INSERT INTO t VALUES (1)") }
        }
    }

    @Test("a statement may run again from within its own rows")
    func nested() throws {
        try withConnection { db in
            try db.run("CREATE TABLE t (i INTEGER) STRICT; INSERT INTO t VALUES (1), (2)")
            let text = "SELECT i FROM t ORDER BY i"
            let pairs = try db.rows(text) { outer in (try outer["i"] as Int, try db.rows(text) { inner -> Int in try inner["i"] }) }
            #expect(pairs.map(\.0) == [1, 2])
            #expect(pairs.allSatisfy { $0.1 == [1, 2] })
        }
    }

    @Test("a copy made beside an open writer holds what was committed, and stands without a log")
    func copy() throws {
        try withConnection { db in
            try db.run("CREATE TABLE t (i INTEGER) STRICT; INSERT INTO t VALUES (7)")
            let target = folder.appendingPathComponent("copy.sqlite").path
            try db.copy(to: target)
            #expect(!FileManager.default.fileExists(atPath: target + "-wal"))
            #expect(try Connection(path: target).rows("SELECT i FROM t") { row -> Int in try row["i"] } == [7])
        }
    }

    @Test("a file that is no database is called damaged, and a damaged one found by the check")
    func damage() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(repeating: 65, count: 8192).write(to: folder.appendingPathComponent("noise.sqlite"))
        let error = failure { _ = try Connection(path: folder.appendingPathComponent("noise.sqlite").path) }
        #expect(error?.kind == .damaged)

        let db = try Connection(path: path)
        try db.run("CREATE TABLE t (i INTEGER PRIMARY KEY, x TEXT) STRICT; CREATE INDEX x ON t (x)")
        for number in 0..<2000 { try db.execute("INSERT INTO t VALUES (?, ?)", number, "row \(number)") }
        #expect(try db.quickCheck() == [])
        db.close()
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.seek(toOffset: 3 * 4096)
        try file.write(contentsOf: Data(repeating: 0xEE, count: 4096))
        try file.close()
        let damaged = try Connection(path: path)
        #expect(try damaged.quickCheck() != [])
    }

    @Test("a closed connection refuses instead of crashing")
    func closed() throws {
        try withConnection { db in
            try db.run("CREATE TABLE t (i INTEGER) STRICT")
            db.close()
            #expect(throws: SQLiteError.self) { try db.execute("INSERT INTO t VALUES (1)") }
        }
    }
}
