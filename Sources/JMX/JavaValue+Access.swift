/// Each takes the name of what is read, for the error, and throws `.unexpectedValue` when the value is of another kind.
extension JavaValue {
    package func string(of what: String) throws(JMXError) -> String {
        switch self {
        case .string(let text), .objectName(let text): return text
        default: throw mismatch(what, "a string")
        }
    }

    package func bool(of what: String) throws(JMXError) -> Bool {
        guard case .bool(let value) = self else { throw mismatch(what, "a boolean") }
        return value
    }

    /// Of an int or a long.
    package func int(of what: String) throws(JMXError) -> Int {
        switch self {
        case .int(let value): return Int(value)
        case .long(let value): return Int(value)
        default: throw mismatch(what, "a whole number")
        }
    }

    package func double(of what: String) throws(JMXError) -> Double {
        switch self {
        case .double(let value): return value
        case .int(let value): return Double(value)
        case .long(let value): return Double(value)
        default: throw mismatch(what, "a number")
        }
    }

    package func list(of what: String) throws(JMXError) -> [JavaValue] {
        guard case .list(let items) = self else { throw mismatch(what, "a list") }
        return items
    }

    package func strings(of what: String) throws(JMXError) -> [String] {
        var texts: [String] = []
        for item in try list(of: what) { texts.append(try item.string(of: "an element of \(what)")) }
        return texts
    }

    package func map(of what: String) throws(JMXError) -> [JavaEntry] {
        guard case .map(let entries) = self else { throw mismatch(what, "a map") }
        return entries
    }

    /// Of a map with texts as keys, such as composite data.
    package func fields(of what: String) throws(JMXError) -> [String: JavaValue] {
        var fields: [String: JavaValue] = [:]
        for entry in try map(of: what) { fields[try entry.key.string(of: "a key of \(what)")] = entry.value }
        return fields
    }

    package func stringMap(of what: String) throws(JMXError) -> [String: String] {
        var texts: [String: String] = [:]
        for (key, value) in try fields(of: what) { texts[key] = try value.string(of: "'\(key)' of \(what)") }
        return texts
    }

    package func object(of what: String) throws(JMXError) -> JavaObject {
        guard case .object(let object) = self else { throw mismatch(what, "an object") }
        return object
    }

    private func mismatch(_ what: String, _ expected: String) -> JMXError { .unexpectedValue(of: what, expected: expected, met: kind) }
}
