import CSQLite

/// One connection, used by one thread at a time; a transaction belongs to whoever holds it.
package final class Connection {
    /// What a commit promises.
    package enum Durability: String {
        /// It outlives a loss of power.
        case full = "FULL"
        /// It outlives the process; a loss of power may undo the last commits, oldest kept.
        case normal = "NORMAL"
    }

    package let path: String
    private var handle: OpaquePointer?
    private var statements: [String: Statement] = [:]
    private var durability = Durability.full

    /// Opens or creates the database at `path`, in write-ahead mode with foreign keys enforced.
    ///
    /// - Parameter busyTimeoutMilliseconds: How long to wait for another connection's lock.
    /// - Throws: `SQLiteError`; of kind `.damaged` when the file is no database.
    package init(path: String, busyTimeoutMilliseconds: Int = 5000) throws(SQLiteError) {
        self.path = path
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_EXRESCODE
        let code = sqlite3_open_v2(path, &handle, flags, nil)
        guard code == SQLITE_OK else { throw SQLiteError(code: code, text: handle.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory") }
        sqlite3_busy_timeout(handle, Int32(busyTimeoutMilliseconds))
        try run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF")
    }

    deinit { close() }

    /// Writes the log back into the file and closes both. Using the connection afterwards throws.
    package func close() {
        statements = [:]
        sqlite3_close_v2(handle)
        handle = nil
    }

    /// Runs a script of statements without parameters or answers.
    package func run(_ script: String) throws(SQLiteError) {
        let database = try open()
        guard sqlite3_exec(database, script, nil, nil, nil) == SQLITE_OK else {
            throw SQLiteError(code: sqlite3_extended_errcode(database), text: String(cString: sqlite3_errmsg(database)), statement: script)
        }
    }

    /// - Returns: How many rows were inserted, updated or deleted.
    @discardableResult
    package func execute(_ statement: String, _ parameters: any SQLConvertible...) throws(SQLiteError) -> Int {
        let database = try open()
        let before = sqlite3_total_changes64(database)
        do { try use(statement, parameters) { _ in } } catch let error as SQLiteError { throw error } catch { preconditionFailure("\(error)") }
        return Int(sqlite3_total_changes64(database) - before)
    }

    package func rows<Value>(_ statement: String, _ parameters: any SQLConvertible..., read: (Row) throws -> Value) throws -> [Value] {
        var values: [Value] = []
        try use(statement, parameters) { values.append(try read($0)) }
        return values
    }

    /// The first row, nil when there is none.
    package func row<Value>(_ statement: String, _ parameters: any SQLConvertible..., read: (Row) throws -> Value) throws -> Value? {
        var value: Value?
        try use(statement, parameters) { if value == nil { value = try read($0) } }
        return value
    }

    package var lastInsertedRow: Int { handle.map { Int(sqlite3_last_insert_rowid($0)) } ?? 0 }

    /// As below, with the connection for `body`: under Swift 6.0 an actor may not call what it was given from a closure of its own.
    package func transaction<Value>(_ durability: Durability = .full, giving body: (Connection) throws -> Value) throws -> Value {
        try transaction(durability) { try body(self) }
    }

    /// Runs `body` in a transaction that holds the write lock from its start; any error undoes it all.
    @discardableResult
    package func transaction<Value>(_ durability: Durability = .full, _ body: () throws -> Value) throws -> Value {
        let database = try open()
        if durability != self.durability {
            // Inside a transaction the pragma would do nothing.
            try run("PRAGMA synchronous = \(durability.rawValue)")
            self.durability = durability
        }
        try execute("BEGIN IMMEDIATE")
        do {
            let value = try body()
            try execute("COMMIT")
            return value
        } catch {
            // After a full disk or an I/O error SQLite may have rolled back by itself.
            if sqlite3_get_autocommit(database) == 0 { try? run("ROLLBACK") }
            throw error
        }
    }

    /// `PRAGMA quick_check`: what is wrong with the file, empty when nothing is.
    package func quickCheck() throws -> [String] {
        let lines = try rows("PRAGMA quick_check(10)") { row -> String in try row["quick_check"] }
        return lines == ["ok"] ? [] : lines
    }

    /// The number that an application keeps in the file's header for its schema.
    package var userVersion: Int {
        get throws { try row("PRAGMA user_version") { row -> Int in try row["user_version"] } ?? 0 }
    }

    func open() throws(SQLiteError) -> OpaquePointer {
        guard let handle else { throw SQLiteError(code: SQLITE_MISUSE, text: "the connection is closed") }
        return handle
    }

    // A statement in use is out of the cache, so that one that is run again from within its own rows gets a second one.
    private func use(_ text: String, _ parameters: [any SQLConvertible], each: (Row) throws -> Void) throws {
        let database = try open()
        let statement = if let kept = statements.removeValue(forKey: text) { kept } else { try Statement(text, in: database) }
        defer { if handle != nil { statements[text] = statement } }
        try statement.run(parameters, each: each)
    }
}
