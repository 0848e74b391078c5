/// A YAML value. Scalars keep their text: what a plain one means is asked by the accessors, which read as YAML 1.1 does (as Cassandra's own reader).
package indirect enum YAMLNode: Sendable, Equatable {
    /// `quoted` also for block scalars and the tag `!!str`: such a scalar is a string and nothing else.
    case scalar(String, quoted: Bool)
    case sequence([YAMLNode])
    /// In the file's order.
    case mapping([YAMLPair])

    package static let null = YAMLNode.scalar("", quoted: false)

    package var isNull: Bool {
        guard case .scalar(let text, quoted: false) = self else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// The text of a scalar; nil for null and for everything else.
    package var string: String? {
        guard case .scalar(let text, _) = self, !isNull else { return nil }
        return text
    }

    /// The texts of a sequence of scalars, none for null; nil when it is something else or holds something else.
    package var strings: [String]? {
        if isNull { return [] }
        guard case .sequence(let nodes) = self else { return nil }
        let texts = nodes.compactMap(\.string)
        return texts.count == nodes.count ? texts : nil
    }

    /// A plain whole number: decimal or `0x`, digits may be grouped by `_`. A leading zero (octal to some readers, decimal to others) is not one.
    package var integer: Int64? {
        guard case .scalar(let text, quoted: false) = self, text.first != "_" else { return nil }
        let digits = String(text.filter { $0 != "_" })
        let sign = digits.hasPrefix("-") ? "-" : ""
        let bare = digits.hasPrefix("-") || digits.hasPrefix("+") ? String(digits.dropFirst()) : digits
        guard let first = bare.first, first.isASCII, first.isNumber else { return nil }
        if bare.hasPrefix("0x") || bare.hasPrefix("0X") {
            return bare.dropFirst(2).first?.isHexDigit == true ? Int64(sign + bare.dropFirst(2), radix: 16) : nil
        }
        return bare.count > 1 && first == "0" ? nil : Int64(sign + bare)
    }

    package var bool: Bool? {
        guard case .scalar(let text, quoted: false) = self else { return nil }
        switch text {
        case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": return true
        case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": return false
        default: return nil
        }
    }

    /// The pairs of a mapping, none for null; nil otherwise.
    package var pairs: [YAMLPair]? {
        if isNull { return [] }
        guard case .mapping(let pairs) = self else { return nil }
        return pairs
    }

    package var elements: [YAMLNode]? {
        if isNull { return [] }
        guard case .sequence(let nodes) = self else { return nil }
        return nodes
    }

    package subscript(_ key: String) -> YAMLNode? {
        guard case .mapping(let pairs) = self else { return nil }
        return pairs.first { $0.key == key }?.value
    }

    /// What lies under `keys`, one mapping in the other.
    package func node(at keys: String...) -> YAMLNode? { node(at: keys) }
    package func string(at keys: String...) -> String? { node(at: keys)?.string }
    package func strings(at keys: String...) -> [String]? { node(at: keys)?.strings }
    package func integer(at keys: String...) -> Int64? { node(at: keys)?.integer }
    package func bool(at keys: String...) -> Bool? { node(at: keys)?.bool }

    private func node(at keys: [String]) -> YAMLNode? {
        keys.reduce(self as YAMLNode?) { node, key in node?[key] }
    }
}

package struct YAMLPair: Sendable, Equatable {
    package var key: String
    package var value: YAMLNode
    /// Where the key stands, from 1; not part of equality.
    package var line: Int

    package init(_ key: String, _ value: YAMLNode, line: Int = 0) {
        self.key = key
        self.value = value
        self.line = line
    }

    package static func == (left: YAMLPair, right: YAMLPair) -> Bool { left.key == right.key && left.value == right.value }
}
