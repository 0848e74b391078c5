import CDeflate

/// The CRC-32 of gzip and of Cassandra's `Digest.crc32`, over bytes given piece by piece.
///
/// libdeflate's own: every byte of a backup goes through it on a node that has other work, and zlib takes more than twice as long (`docs/decisions/0001-system-libraries.md`).
package struct CRC32: Hashable, Sendable {
    package private(set) var value: UInt32 = 0

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        value = libdeflate_crc32(value, base, bytes.count)
    }

    package mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    package static func hash(_ bytes: [UInt8]) -> UInt32 {
        var crc = CRC32()
        crc.update(bytes)
        return crc.value
    }
}
