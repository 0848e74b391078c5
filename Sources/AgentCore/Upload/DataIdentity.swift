import BackupModel
import Crypto
import Glibc

/// The name of a `Data.db` object, known before the file is read (`docs/formats.md`, "Identity").
enum DataIdentity {
    static let end = 64 << 10

    /// - Parameters:
    ///   - digest: The whole of `Digest.crc32`, which every SSTable of the supported releases has; without one the whole file has to be hashed instead.
    ///   - compressionInfo: `CompressionInfo.db`, streamed; nil when there is none.
    static func of(_ data: OpenFile, size: Int, digest: [UInt8], compressionInfo: (size: Int, file: OpenFile)?) throws -> SHA256Hex {
        let hash = SHA256()
        hash.update(bigEndian(UInt64(size)))
        hash.update(bigEndian(UInt64(digest.count)))
        hash.update(digest)
        if let compressionInfo {
            hash.update(bigEndian(UInt64(compressionInfo.size)))
            try compressionInfo.file.forEachChunk { hash.update($0) }
        } else {
            hash.update(bigEndian(UInt64.max))
        }
        try addEnds(of: data, size: size, to: hash)
        return SHA256Hex(hash.finish())
    }

    /// All of a file that is not larger than two ends.
    static func addEnds(of file: OpenFile, size: Int, to hash: SHA256) throws {
        if size <= 2 * end {
            hash.update(try file.read(at: 0, count: size))
        } else {
            hash.update(try file.read(at: 0, count: end))
            hash.update(try file.read(at: size - end, count: end))
        }
    }

    static func bigEndian(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) } }
}
