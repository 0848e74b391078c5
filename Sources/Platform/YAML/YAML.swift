import CYAML

/// Reads YAML through libyaml's events.
package enum YAML {
    package enum DuplicateKeys: Sendable {
        case refuse
        /// The last one counts, as in Cassandra's own reader.
        case lastWins
    }

    package struct Limits: Sendable {
        package var bytes: Int
        package var depth: Int
        /// Values in all, each alias counted as everything it stands for.
        package var nodes: Int

        package init(bytes: Int = 16 << 20, depth: Int = 64, nodes: Int = 200_000) {
            self.bytes = bytes
            self.depth = depth
            self.nodes = nodes
        }
    }

    /// The one document in `bytes` (UTF-8, or UTF-16 with its mark); null when there is none.
    package static func parse(_ bytes: [UInt8], duplicateKeys: DuplicateKeys = .refuse, limits: Limits = Limits()) throws(YAMLError) -> YAMLNode {
        guard bytes.count <= limits.bytes else { throw YAMLError(problem: .tooLarge(limitBytes: limits.bytes), line: 0, column: 0) }
        let result = bytes.withUnsafeBufferPointer { buffer in
            var reader = EventReader(buffer, duplicateKeys: duplicateKeys, limits: limits)
            defer { reader.close() }
            return Result { () throws(YAMLError) in try reader.document() }
        }
        return try result.get()
    }

    package static func parse(_ text: String, duplicateKeys: DuplicateKeys = .refuse, limits: Limits = Limits()) throws(YAMLError) -> YAMLNode {
        try parse(Array(text.utf8), duplicateKeys: duplicateKeys, limits: limits)
    }
}
