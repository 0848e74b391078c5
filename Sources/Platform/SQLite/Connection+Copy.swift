import CSQLite

extension Connection {
    /// Copies the database as of now into the file at `path`, while others read and write. The copy is a plain database without a log beside it.
    ///
    /// What was at `path` before is replaced, if it was a database.
    package func copy(to path: String) throws(SQLiteError) {
        let source = try open()
        var target: OpaquePointer?
        defer { sqlite3_close_v2(target) }
        guard sqlite3_open_v2(path, &target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXRESCODE, nil) == SQLITE_OK else {
            throw failure(of: target)
        }
        guard let backup = sqlite3_backup_init(target, "main", source, "main") else { throw failure(of: target) }
        let code = sqlite3_backup_step(backup, -1)
        guard sqlite3_backup_finish(backup) == SQLITE_OK, code == SQLITE_DONE else { throw failure(of: target) }
        guard sqlite3_exec(target, "PRAGMA journal_mode = DELETE", nil, nil, nil) == SQLITE_OK else { throw failure(of: target) }
    }

    private func failure(of database: OpaquePointer?) -> SQLiteError {
        guard let database else { return SQLiteError(code: SQLITE_NOMEM, text: "out of memory") }
        return SQLiteError(code: sqlite3_extended_errcode(database), text: String(cString: sqlite3_errmsg(database)))
    }
}
