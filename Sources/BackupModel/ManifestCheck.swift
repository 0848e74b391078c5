/// Follows a manifest line by line and refuses one that is out of order, of a newer format, cut short, or at odds with its own counts.
package struct ManifestCheck: Sendable {
    package private(set) var node: ManifestNode?
    package private(set) var table: ManifestTable?
    package private(set) var counted = ManifestEnd()
    package private(set) var ended = false

    package init() {}

    /// - Throws: `ManifestError`.
    package mutating func read(_ line: ManifestLine) throws {
        guard !ended else { throw ManifestError.outOfOrder("a line after 'end'") }
        switch line {
        case .node(let value):
            guard node == nil else { throw ManifestError.outOfOrder("a second 'node'") }
            guard value.format <= ManifestNode.format else { throw ManifestError.newerFormat(value.format) }
            guard !value.dataFolders.isEmpty else { throw ManifestError.unsound("no data folder") }
            node = value
        case .table(let value):
            guard node != nil else { throw ManifestError.outOfOrder("'table' before 'node'") }
            table = value
            counted.tables += 1
        case .sstable(let value):
            guard let node, table != nil else { throw ManifestError.outOfOrder("'sstable' before 'table'") }
            guard node.dataFolders.indices.contains(value.folder) else { throw ManifestError.unsound("data folder \(value.folder) of \(node.dataFolders.count)") }
            guard value.data != nil else { throw ManifestError.unsound("\(value.name) without Data.db") }
            guard value.componentsSize >= 0, value.files.allSatisfy({ $0.size >= 0 }) else { throw ManifestError.unsound("\(value.name) with a negative size") }
            try bound(value)
            guard Set(value.files.map(\.component)).count == value.files.count else { throw ManifestError.unsound("\(value.name) with a component twice") }
            counted.count(value)
        case .end(let value):
            guard node != nil else { throw ManifestError.outOfOrder("'end' before 'node'") }
            guard value == counted else { throw ManifestError.unsound("its end counts \(value.sstables) SSTables and \(value.bytes) bytes, its lines \(counted.sstables) and \(counted.bytes)") }
            ended = true
        }
    }

    /// More than 4 PiB on one node are not a size but a trap: the sums of a thousand such nodes still fit a number.
    private func bound(_ sstable: ManifestSSTable) throws {
        var left = (1 << 52) - counted.bytes
        for size in sstable.files.map(\.size) + [sstable.componentsSize] {
            guard size <= left else { throw ManifestError.unsound("\(sstable.name) with an impossible size") }
            left -= size
        }
    }

    /// Call after the last line.
    package func finish() throws -> (node: ManifestNode, end: ManifestEnd) {
        guard let node, ended else { throw ManifestError.cutShort }
        return (node, counted)
    }
}

package enum ManifestError: FailureConvertible, Hashable, CustomStringConvertible {
    case outOfOrder(String)
    case unsound(String)
    case newerFormat(Int)
    case cutShort
    /// The number of the line, from 1, and what the decoder said.
    case unreadable(line: Int, String)

    package var description: String {
        switch self {
        case .outOfOrder(let what): "manifest out of order: \(what)"
        case .unsound(let what): "manifest contradicts itself: \(what)"
        case .newerFormat(let format): "manifest of format \(format), newer than this version's \(ManifestNode.format)"
        case .cutShort: "manifest cut short: no 'end' line"
        case .unreadable(let line, let why): "manifest unreadable at line \(line): \(why)"
        }
    }

    package var failure: Failure {
        switch self {
        case .newerFormat: Failure("manifest.newer-format", description, hint: "was this backup taken by a later version of Aeneas?")
        default: Failure("manifest.damaged", description, hint: "is the object whole in the store? 'aeneas backup verify' names every object that is not")
        }
    }
}
