import CSQLite

/// A compiled statement; its connection keeps it for the next use of the same text.
final class Statement {
    private let handle: OpaquePointer
    private let database: OpaquePointer
    private let text: String
    private let columns: [String: Int]

    init(_ text: String, in database: OpaquePointer) throws(SQLiteError) {
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v3(database, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK, let handle else {
            throw SQLiteError(
                code: sqlite3_extended_errcode(database),
                text: handle == nil && code == SQLITE_OK ? "empty statement" : String(cString: sqlite3_errmsg(database)), statement: text)
        }
        self.handle = handle
        self.database = database
        self.text = text
        columns = Dictionary(
            (0..<sqlite3_column_count(handle)).map { (String(cString: sqlite3_column_name(handle, $0)), Int($0)) }, uniquingKeysWith: { first, _ in first })
    }

    deinit { sqlite3_finalize(handle) }

    /// Runs from the beginning with these parameters and gives each row to `each`.
    func run(_ parameters: [any SQLConvertible], each: (Row) throws -> Void) throws {
        defer {
            sqlite3_reset(handle)
            sqlite3_clear_bindings(handle)
        }
        precondition(parameters.count == Int(sqlite3_bind_parameter_count(handle)), "parameters of: \(text)")
        for (index, parameter) in parameters.enumerated() { try check(bind(parameter.sqlValue, at: Int32(index + 1))) }
        while true {
            switch sqlite3_step(handle) {
            case SQLITE_ROW: try each(Row(columns: columns, values: (0..<sqlite3_column_count(handle)).map(value)))
            case SQLITE_DONE: return
            case let code: try check(code)
            }
        }
    }

    private func bind(_ value: SQLValue, at index: Int32) -> Int32 {
        // SQLITE_TRANSIENT: SQLite takes its own copy, because ours ends with the call.
        let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        switch value {
        case .null: return sqlite3_bind_null(handle, index)
        case .integer(let number): return sqlite3_bind_int64(handle, index, Int64(number))
        case .real(let number): return sqlite3_bind_double(handle, index, number)
        case .text(""): return sqlite3_bind_text(handle, index, "", 0, transient)
        case .text(var text):
            return text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { sqlite3_bind_text(handle, index, $0.baseAddress, Int32(bytes.count), transient) }
            }
        case .blob(let bytes):
            return bytes.isEmpty ? sqlite3_bind_zeroblob(handle, index, 0) : sqlite3_bind_blob(handle, index, bytes, Int32(bytes.count), transient)
        }
    }

    private func value(_ column: Int32) -> SQLValue {
        switch sqlite3_column_type(handle, column) {
        case SQLITE_INTEGER: return .integer(Int(sqlite3_column_int64(handle, column)))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(handle, column))
        case SQLITE_TEXT:
            let start = sqlite3_column_text(handle, column)
            return .text(String(decoding: UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))), as: UTF8.self))
        case SQLITE_BLOB:
            let start = sqlite3_column_blob(handle, column)
            return .blob(Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))))
        default: return .null
        }
    }

    private func check(_ code: Int32) throws(SQLiteError) {
        guard code != SQLITE_OK else { return }
        throw SQLiteError(code: sqlite3_extended_errcode(database), text: String(cString: sqlite3_errmsg(database)), statement: text)
    }
}
