package import BackupModel
package import ObjectStore

/// What every store promises, as rules that each driver's tests run.
package struct ObjectStoreConformance: Sendable, CustomStringConvertible {
    /// An empty store and what is known of it.
    package struct Place: Sendable {
        package let store: any ObjectStore
        /// Objects beyond this size take several requests; any size where there are no parts.
        package let partSize: Int
        package init(_ store: any ObjectStore, partSize: Int) {
            self.store = store
            self.partSize = partSize
        }
    }

    package let description: String
    package let check: @Sendable (Place) throws -> Void

    package struct Broken: Error, CustomStringConvertible { package let description: String }

    static func expect(_ condition: Bool, _ promise: @autoclosure () -> String) throws {
        guard condition else { throw Broken(description: "broken promise: \(promise())") }
    }

    static func key(_ text: String) throws -> ObjectKey { try ObjectKey(checking: text) }

    /// Bytes without a period that a part's size is a multiple of, so that a part sent twice or left out shows.
    static func bytes(_ count: Int) -> [UInt8] {
        let block = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + block.count)
        while bytes.count < count { bytes += block }
        return Array(bytes.prefix(count))
    }

    static func whole(_ store: any ObjectStore, _ key: ObjectKey) throws -> [UInt8] { try store.read(key, limit: 1 << 30) }
}

/// A source that gives bytes in odd pieces and counts how often each was asked for.
final class CountedSource {
    private let bytes: [UInt8]
    private let piece: Int
    private(set) var given = 0

    init(_ bytes: [UInt8], piece: Int) {
        self.bytes = bytes
        self.piece = piece
    }

    func read(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, piece, bytes.count - given)
        bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[given..<given + count])) }
        given += count
        return count
    }
}
