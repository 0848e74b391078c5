import BackupModel
import Compression
import Crypto
import ObjectStore

/// Reads and writes a node's manifest as a stream: gzipped JSON lines.
enum ManifestStream {
    /// Unpacked bytes that a manifest may have: ten times what a node of 100,000 SSTables needs.
    static let greatestSize = 4 << 30

    /// Calls `line` for each line, decoded and as bytes, while `ManifestCheck` follows.
    ///
    /// - Throws: `ManifestError`, or what `line` throws.
    static func read(_ file: OpenFile, line: (ManifestLine, ArraySlice<UInt8>) throws -> Void) throws -> (node: ManifestNode, end: ManifestEnd) {
        let gzip = GzipReader(limit: greatestSize)
        var lines = LineReader(), check = ManifestCheck(), number = 0
        do {
            try file.forEachChunk { chunk in
                try gzip.update(chunk) { piece in
                    lines.feed(piece)
                    while let bytes = lines.next() {
                        number += 1
                        let decoded = try decode(bytes, number)
                        try check.read(decoded)
                        try line(decoded, bytes)
                    }
                    guard lines.rest < 64 << 20 else { throw ManifestError.unsound("line \(number + 1) is too long") }
                }
            }
            try gzip.finish()
        } catch let error as GzipError {
            throw ManifestError.unreadable(line: number + 1, error.description)
        }
        guard lines.rest == 0 else { throw ManifestError.cutShort }
        return try check.finish()
    }

    private static func decode(_ bytes: ArraySlice<UInt8>, _ number: Int) throws(ManifestError) -> ManifestLine {
        do {
            return try JSONText.decode(ManifestLine.self, from: bytes)
        } catch {
            throw .unreadable(line: number, error.description)
        }
    }

    /// Downloads a manifest to `path`.
    ///
    /// - Throws: `manifest.changed` when its bytes are not those of `sha256`.
    static func download(_ key: ObjectKey, sha256: SHA256Hex, from store: any ObjectStore, to path: String, transfer: TransferControl) throws -> OpenFile {
        let file = try OpenFile.replacing(path), digest = SHA256()
        do {
            try store.download(key, transfer: transfer) { bytes in
                digest.update(bytes)
                try file.write(bytes)
            }
        } catch {
            throw error.unwrapped
        }
        guard SHA256Hex(digest.finish()) == sha256 else {
            throw Failure("manifest.changed", "the manifest '\(key)' in \(store.place) is not the one that the backup names", hint: "was it replaced or damaged in the store? 'aeneas backup verify' checks every object")
        }
        return try OpenFile.reading(path)
    }

    /// - Throws: `manifest.other-backup` when a manifest is not of that cluster, backup and node.
    static func check(_ node: ManifestNode, cluster: ClusterName, backup: BackupID, host: HostID) throws(Failure) {
        guard node.cluster == cluster, node.backup == backup, node.hostID == host else {
            throw Failure(
                "manifest.other-backup", "the manifest under backup \(backup) of node \(host) says that it is of backup \(node.backup) of node \(node.hostID), cluster '\(node.cluster)'",
                hint: "was it copied from somewhere else?")
        }
    }
}

/// Writes a manifest to a file and takes its digest on the way.
struct ManifestWriter {
    private let file: OpenFile
    private let gzip = GzipWriter()
    private let digest = SHA256()
    private(set) var size = 0

    init(_ path: String) throws(SystemError) { file = try OpenFile.replacing(path) }

    mutating func write(_ line: ManifestLine) throws { try write(JSONText.encode(line)[...]) }

    /// - Parameter line: Without its end.
    mutating func write(_ line: ArraySlice<UInt8>) throws {
        var size = size
        try line.withUnsafeBytes { try gzip.update($0) { try Self.put($0, file, digest, &size) } }
        try [UInt8(ascii: "\n")].withUnsafeBytes { try gzip.update($0) { try Self.put($0, file, digest, &size) } }
        self.size = size
    }

    mutating func finish() throws -> SHA256Hex {
        var size = size
        try gzip.finish { try Self.put($0, file, digest, &size) }
        self.size = size
        try file.sync()
        return SHA256Hex(digest.finish())
    }

    private static func put(_ bytes: UnsafeRawBufferPointer, _ file: OpenFile, _ digest: SHA256, _ size: inout Int) throws {
        digest.update(bytes)
        size += bytes.count
        try file.write(bytes)
    }
}
