package import BackupModel

/// Reads what a snapshot's `schema.cql` says about its table, as far as we need it.
package enum SchemaText {
    /// `gc_grace_seconds` of the table (or the materialized view) that the text creates; nil when it does not say.
    package static func gcGraceSeconds(in cql: String) -> Int? {
        guard let statement = creation(in: cql) else { return nil }
        var depth = 0
        for (at, token) in statement.enumerated() {
            if case .symbol("(") = token { depth += 1 }
            if case .symbol(")") = token { depth -= 1 }
            guard depth == 0, token == .word("gc_grace_seconds"), at + 2 < statement.count, statement[at + 1] == .symbol("="),
                case .word(let value) = statement[at + 2]
            else { continue }
            return Int(value)
        }
        return nil
    }

    /// Keyspace and name of the table (or the materialized view) that the text creates, as Cassandra spells them.
    package static func table(in cql: String) -> TablePath? {
        guard let statement = creation(in: cql) else { return nil }
        var rest = statement.dropFirst(statement[1] == .word("materialized") ? 3 : 2)
        if rest.starts(with: [.word("if"), .word("not"), .word("exists")]) { rest = rest.dropFirst(3) }
        guard rest.count >= 3, rest[rest.startIndex + 1] == .symbol("."), let keyspace = rest.first?.name.flatMap(KeyspaceName.init(rawValue:)),
            let table = rest[rest.startIndex + 2].name.flatMap(TableName.init(rawValue:))
        else { return nil }
        return TablePath(keyspace: keyspace, table: table)
    }

    /// The first `CREATE TABLE`; without one (the snapshot of a view) the first `CREATE MATERIALIZED VIEW`.
    private static func creation(in cql: String) -> [CQLToken]? {
        let statements = CQLToken.all(in: cql).split(separator: .symbol(";")).map(Array.init)
        return statements.first { $0.starts(with: [.word("create"), .word("table")]) }
            ?? statements.first { $0.starts(with: [.word("create"), .word("materialized"), .word("view")]) }
    }
}

/// A token of CQL. Comments are none.
enum CQLToken: Hashable {
    /// An identifier without quotes, in lower case as Cassandra reads it, or a number.
    case word(String)
    /// An identifier in double quotes.
    case quoted(String)
    /// A string, in single quotes or between `$$`.
    case text(String)
    case symbol(Character)

    var name: String? {
        switch self {
        case .word(let text), .quoted(let text): text
        case .text, .symbol: nil
        }
    }

    static func all(in cql: String) -> [CQLToken] {
        var reader = CQLReader(bytes: Array(cql.utf8))
        var tokens: [CQLToken] = []
        while let token = reader.next() { tokens.append(token) }
        return tokens
    }
}

private struct CQLReader {
    let bytes: [UInt8]
    var at = 0

    mutating func next() -> CQLToken? {
        while at < bytes.count {
            if starts("--") || starts("//") {
                _ = taken(after: "--", upTo: "\n")
            } else if starts("/*") {
                _ = taken(after: "/*", upTo: "*/")
            } else if starts("$$") {
                return .text(taken(after: "$$", upTo: "$$"))
            } else if bytes[at] == UInt8(ascii: "'") {
                return .text(enclosed())
            } else if bytes[at] == UInt8(ascii: "\"") {
                return .quoted(enclosed())
            } else if isWordByte(bytes[at]) {
                let start = at
                while at < bytes.count, isWordByte(bytes[at]) { at += 1 }
                return .word(String(decoding: bytes[start..<at], as: UTF8.self).lowercased())
            } else {
                at += 1
                if bytes[at - 1] > 32 { return .symbol(Character(Unicode.Scalar(bytes[at - 1]))) }
            }
        }
        return nil
    }

    private func starts(_ text: StaticString) -> Bool {
        at + text.utf8CodeUnitCount <= bytes.count && (0..<text.utf8CodeUnitCount).allSatisfy { bytes[at + $0] == text.utf8Start[$0] }
    }

    /// What follows the opening mark (of its length, whatever it is), up to the closing one or the end; goes past both.
    private mutating func taken(after opening: StaticString, upTo closing: StaticString) -> String {
        at += opening.utf8CodeUnitCount
        let start = at
        while at < bytes.count, !starts(closing) { at += 1 }
        defer { at += closing.utf8CodeUnitCount }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    /// What stands between the quotes; a doubled one is one.
    private mutating func enclosed() -> String {
        let quote = bytes[at]
        var inner: [UInt8] = []
        at += 1
        while at < bytes.count {
            if bytes[at] == quote {
                guard at + 1 < bytes.count, bytes[at + 1] == quote else { break }
                at += 1
            }
            inner.append(bytes[at])
            at += 1
        }
        at += 1
        return String(decoding: inner, as: UTF8.self)
    }

    private func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
