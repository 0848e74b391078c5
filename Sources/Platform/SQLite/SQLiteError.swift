import CSQLite

/// What SQLite answered: its extended result code, its own text and the statement, if one was at work.
package struct SQLiteError: Error, Hashable, CustomStringConvertible {
    package enum Kind: Sendable {
        case busy, full, damaged, constraint, cannotOpen, readOnly, inputOutput, other
    }

    /// SQLite's extended result code; the low byte is the primary one.
    package let code: Int32
    package let text: String
    package let statement: String?

    package init(code: Int32, text: String, statement: String? = nil) {
        self.code = code
        self.text = text
        self.statement = statement
    }

    package var kind: Kind {
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED: .busy
        case SQLITE_FULL: .full
        case SQLITE_CORRUPT, SQLITE_NOTADB: .damaged
        case SQLITE_CONSTRAINT: .constraint
        case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_AUTH: .cannotOpen
        case SQLITE_READONLY: .readOnly
        case SQLITE_IOERR: .inputOutput
        default: .other
        }
    }

    package var isForeignKeyViolation: Bool { code == SQLITE_CONSTRAINT | 3 << 8 }
    /// Of a UNIQUE column or index, or of a primary key.
    package var isUniquenessViolation: Bool { code == SQLITE_CONSTRAINT | 8 << 8 || code == SQLITE_CONSTRAINT | 6 << 8 }

    package var description: String { "\(text) (SQLite code \(code))" }
}

/// A column did not hold what was asked of it.
package struct ColumnError: Error, Hashable, CustomStringConvertible {
    package let column: String
    package let detail: String
    package init(column: String, detail: String) {
        self.column = column
        self.detail = detail
    }
    package var description: String { "column '\(column)' \(detail)" }
}
