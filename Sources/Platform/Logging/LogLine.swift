import Glibc

/// One message, rendered without its line break.
struct LogLine {
    let time: String
    let level: LogLevel
    let message: String
    let fields: [Log.Field]

    /// A longer value is cut, so that one line stays one line of reasonable length.
    static let valueLimit = 8192

    func text(as format: Log.Format) -> String {
        switch format {
        case .text: "\(time) \(level) \(Self.escaped(message))" + fields.map { " \(Self.escaped($0.name))=\(Self.word($0.value.description))" }.joined()
        case .json:
            "{\"time\":\"\(time)\",\"level\":\"\(level)\",\"message\":\(Self.json(message))"
                + fields.map { ",\(Self.json($0.name)):\(Self.json($0.value))" }.joined() + "}"
        }
    }

    /// RFC 3339 in UTC with milliseconds.
    static func time(_ sinceEpoch: Duration) -> String {
        let (wholeSeconds, attoseconds) = sinceEpoch.components
        var seconds = time_t(wholeSeconds)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let date = [padded(parts.tm_year + 1900, 4), padded(parts.tm_mon + 1, 2), padded(parts.tm_mday, 2)].joined(separator: "-")
        let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded($0, 2) }.joined(separator: ":")
        return "\(date)T\(clock).\(padded(Int32(attoseconds / 1_000_000_000_000_000), 3))Z"
    }

    private static func padded(_ number: Int32, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// A value of the text form: bare where that cannot be misread, else in quotes.
    private static func word(_ value: String) -> String {
        let bare =
            !value.isEmpty && value.unicodeScalars.allSatisfy { !needsEscape($0) && !$0.properties.isWhitespace && $0 != "\"" && $0 != "=" && $0 != "\\" }
        if bare, value.unicodeScalars.count <= valueLimit { return value }
        return "\"\(escaped(value, quotes: true))\""
    }

    private static func needsEscape(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        // Format characters include those that reorder text on a terminal.
        case .control, .lineSeparator, .paragraphSeparator, .format: true
        default: false
        }
    }

    private static func escaped(_ text: String, quotes: Bool = false) -> String {
        limited(text) { scalar in
            switch scalar {
            case "\n": "\\n"
            case "\r": "\\r"
            case "\t": "\\t"
            case "\"" where quotes: "\\\""
            case "\\" where quotes: "\\\\"
            default: needsEscape(scalar) ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
            }
        }
    }

    private static func json(_ value: any CustomStringConvertible & Sendable) -> String {
        switch value {
        case let bool as Bool: bool.description
        case let number as any BinaryInteger: "\(number)"
        case let number as Double where number.isFinite: number.description
        default: json(value.description)
        }
    }

    private static func json(_ text: String) -> String {
        let body = limited(text) { scalar in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            default: needsEscape(scalar) ? scalar.utf16.map { "\\u" + hex4($0) }.joined() : String(scalar)
            }
        }
        return "\"\(body)\""
    }

    private static func hex4(_ unit: UInt16) -> String {
        let digits = String(unit, radix: 16)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }

    private static func limited(_ text: String, _ transform: (Unicode.Scalar) -> String) -> String {
        var result = ""
        for (index, scalar) in text.unicodeScalars.enumerated() {
            guard index < valueLimit else { return result + "…" }
            result += transform(scalar)
        }
        return result
    }
}

extension Unicode.Scalar {
    var utf16: [UInt16] { Array(String(self).utf16) }
}
