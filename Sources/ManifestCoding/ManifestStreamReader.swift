package import BackupModel
import Compression
import Crypto

/// Reads a node's manifest as its object's bytes come: unpacks, cuts into lines, decodes, checks order and counts, and hashes the object on the way.
///
/// Holds one line at a time, so that a manifest of 100,000 SSTables takes no more memory than one of ten.
package final class ManifestStreamReader {
    /// No line of ours comes near: an SSTable's has some kilobytes, a table's schema some tens.
    package static let greatestLine = 16 << 20
    /// Unpacked: 100,000 SSTables take about 250 MB.
    package static let greatestSize = 64 << 30

    private let gzip = GzipReader(limit: greatestSize)
    private let hash = SHA256()
    private var check = ManifestCheck()
    private var line: [UInt8] = []
    private var number = 0
    private let onLine: (ManifestLine) throws -> Void

    /// - Parameter onLine: Given each line once it has passed the check. What it is given is proven only by `finish`.
    package init(onLine: @escaping (ManifestLine) throws -> Void) { self.onLine = onLine }

    package func update(_ bytes: UnsafeRawBufferPointer) throws {
        hash.update(bytes)
        try sound { try gzip.update(bytes, sink: take) }
    }

    private func sound(_ unpack: () throws -> Void) throws {
        do { try unpack() } catch let error as GzipError { throw ManifestError.unreadable(line: number + 1, error.description) }
    }

    /// - Throws: `ManifestError`; `ManifestDigestMismatch` when the object's digest is not `expected`.
    package func finish(expected: SHA256Hex) throws -> (node: ManifestNode, counts: ManifestEnd) {
        let found = hash.finish().hex
        guard found == expected.rawValue else { throw ManifestDigestMismatch(expected: expected.rawValue, found: found) }
        try sound { try gzip.finish() }
        guard line.isEmpty else { throw ManifestError.cutShort }
        let (node, counts) = try check.finish()
        return (node, counts)
    }

    private func take(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            line.append(contentsOf: rest[..<end])
            rest = rest[(end + 1)...]
            try read()
        }
        line.append(contentsOf: rest)
        guard line.count <= Self.greatestLine else { throw ManifestError.unreadable(line: number + 1, "longer than \(Self.greatestLine) bytes") }
    }

    private func read() throws {
        number += 1
        let decoded: ManifestLine
        do { decoded = try JSONText.decode(ManifestLine.self, from: line) } catch { throw ManifestError.unreadable(line: number, error.description) }
        line.removeAll(keepingCapacity: true)
        try check.read(decoded)
        try onLine(decoded)
    }
}

package struct ManifestDigestMismatch: FailureConvertible, Hashable {
    package let expected: String
    package let found: String

    package var failure: Failure {
        Failure("manifest.damaged", "the manifest's SHA-256 is \(found), 'backup.json' says \(expected)", hint: "is the object whole in the store? an older backup may be whole")
    }
}
