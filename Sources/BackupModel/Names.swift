/// A text that has passed its type's check. Decoding checks too, so that a hostile manifest or request stops at its first bad name.
package protocol CheckedName: RawRepresentable, Codable, Hashable, Sendable, Comparable, CustomStringConvertible where RawValue == String {
    /// What such a name is called in an error: "keyspace", "backup id".
    static var noun: String { get }
    static func accepts(_ text: String) -> Bool
    init(unchecked text: String)
}

/// A name was refused: `noun` says of what kind, `text` is it as given (print it through `quoted`).
package struct NameError: Error, Hashable, CustomStringConvertible {
    package let noun: String
    package let text: String
    package var description: String { "not a valid \(noun): \(quoted(text))" }
}

extension CheckedName {
    package init?(rawValue: String) {
        guard Self.accepts(rawValue) else { return nil }
        self.init(unchecked: rawValue)
    }

    package init(_ text: String) throws(NameError) {
        guard Self.accepts(text) else { throw NameError(noun: Self.noun, text: text) }
        self.init(unchecked: text)
    }

    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        try self.init(text)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }

    package var description: String { rawValue }
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// `text` in single quotes with control characters, quotes and backslashes escaped, at most 120 characters: safe for a terminal and a log.
package func quoted(_ text: String) -> String { quoted(text, limit: 120) }

/// As `quoted`, for what may be longer and must be whole, such as an object's key.
package func quoted(_ text: String, limit: Int) -> String {
    var out = "'"
    for scalar in text.unicodeScalars.prefix(limit) {
        switch scalar {
        case "'", "\\": out += "\\\(scalar)"
        case "\n": out += "\\n"
        case "\r": out += "\\r"
        case "\t": out += "\\t"
        case _ where scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format || scalar.value == 0x2028 || scalar.value == 0x2029:
            out += "\\u{\(String(scalar.value, radix: 16))}"
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out + (text.unicodeScalars.count > limit ? "…'" : "'")
}

func isWord(_ byte: UInt8) -> Bool { isAlphanumeric(byte) || byte == UInt8(ascii: "_") }

func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: false
    }
}

func isLowerHex(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: false
    }
}
