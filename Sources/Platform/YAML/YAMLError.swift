/// Why a text is no YAML that we read, and where.
package struct YAMLError: Error, Equatable, CustomStringConvertible {
    package enum Problem: Sendable, Equatable {
        /// In libyaml's words.
        case syntax(String)
        case tooLarge(limitBytes: Int)
        case tooDeep(limit: Int)
        /// Aliases counted as what they stand for.
        case tooManyNodes(limit: Int)
        /// Not defined above, or the alias stands within what it names.
        case unknownAlias(String)
        case duplicateKey(String, firstLine: Int)
        /// A sequence or mapping as a key.
        case keyIsNotScalar
        case mergeKey
        case unknownTag(String)
        case severalDocuments
    }

    package var problem: Problem
    /// From 1; 0 when the problem has no place.
    package var line: Int
    package var column: Int

    package var description: String { line > 0 ? "line \(line), column \(column): \(problem)" : "\(problem)" }
}

extension YAMLError.Problem: CustomStringConvertible {
    package var description: String {
        switch self {
        case .syntax(let text): text
        case .tooLarge(let limit): "larger than \(limit) bytes"
        case .tooDeep(let limit): "nested deeper than \(limit) levels"
        case .tooManyNodes(let limit): "more than \(limit) values, aliases expanded"
        case .unknownAlias(let name): "alias '*\(name)' names nothing above it"
        case .duplicateKey(let key, let line): "key '\(key)' is already given in line \(line)"
        case .keyIsNotScalar: "a key is a list or a mapping"
        case .mergeKey: "merge key '<<' is not supported"
        case .unknownTag(let tag): "unknown tag '\(tag)'"
        case .severalDocuments: "more than one document"
        }
    }
}
