import BackupModel
import CassandraNode
import Crypto

/// All components of an SSTable but `Data.db`, as one tar: in memory up to 1 MiB, otherwise read a second time while it is sent.
struct ComponentsArchive {
    /// With one for each of four workers, beside a part's buffer for S3, the agent stays below 64 MB.
    static let inMemory = 1 << 20
    let files: [SourceFile]
    let size: Int
    private(set) var digests: [SHA256Hex] = []
    private(set) var sha256: SHA256Hex
    private var bytes: [UInt8]?

    /// Reads and hashes.
    ///
    /// - Parameter files: Sorted by component.
    init(_ files: [SourceFile], stop: () throws -> Void) throws {
        self.files = files
        size = TarWriter.size(of: files.map { ($0.name, $0.found.size) })
        let archive = SHA256()
        var kept: [UInt8]? = size <= Self.inMemory ? [] : nil
        kept?.reserveCapacity(size)
        var digests: [SHA256Hex] = []
        var file = SHA256()
        sha256 = SHA256Hex(unchecked: "")
        try Self.stream(files) { piece, isContent, endsFile in
            try stop()
            archive.update(piece)
            kept?.append(contentsOf: piece)
            if isContent { file.update(piece) }
            if endsFile {
                digests.append(SHA256Hex(file.finish()))
                file = SHA256()
            }
        }
        self.digests = digests
        sha256 = SHA256Hex(archive.finish())
        bytes = kept
    }

    /// Gives the archive piece by piece, for a store.
    func reader() -> ArchiveReader { ArchiveReader(self, bytes: bytes) }

    /// The whole archive in order. `endsFile` comes with the last piece of a file, which may be empty.
    private static func stream(_ files: [SourceFile], _ body: (UnsafeRawBufferPointer, _ isContent: Bool, _ endsFile: Bool) throws -> Void) throws {
        for file in files {
            try TarWriter.header(name: file.name, size: file.found.size).withUnsafeBytes { try body($0, false, false) }
            var left = file.found.size
            let open = try file.open()
            try open.forEachChunk { chunk in
                left -= chunk.count
                guard left >= 0 else { throw file.gone("has grown") }
                try body(chunk, true, false)
            }
            guard left == 0 else { throw file.gone("has shrunk") }
            try TarWriter.padding(after: file.found.size).withUnsafeBytes { try body($0, false, true) }
        }
        try TarWriter.end.withUnsafeBytes { try body($0, false, false) }
    }
}

/// A cursor over a `ComponentsArchive`.
final class ArchiveReader {
    private let archive: ComponentsArchive
    private let bytes: [UInt8]?
    private var given = 0
    private let hash = SHA256()
    private var index = 0
    private var pending: ArraySlice<UInt8> = []
    private var open: (file: OpenFile, left: Int)?

    init(_ archive: ComponentsArchive, bytes: [UInt8]?) {
        self.archive = archive
        self.bytes = bytes
    }

    /// Of the bytes given so far.
    var digest: String? {
        if given == archive.size { return archive.sha256.rawValue }
        return bytes == nil ? hash.copy().finish().hex : nil
    }

    /// - Throws: With the last bytes, when they are not those that were hashed at first: the object's name would lie.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if let bytes {
            let piece = bytes[given...].prefix(buffer.count)
            buffer.copyBytes(from: piece)
            given += piece.count
            return piece.count
        }
        var filled = 0
        while filled < buffer.count {
            let count = try step(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
            guard count > 0 else { break }
            filled += count
        }
        guard filled > 0 else { return 0 }
        hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<filled]))
        given += filled
        if given == archive.size, SHA256Hex(hash.copy().finish()) != archive.sha256 { throw archive.files[0].gone("or another component has changed") }
        return filled
    }

    private func step(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if !pending.isEmpty {
            let piece = pending.prefix(buffer.count)
            buffer.copyBytes(from: piece)
            pending = pending.dropFirst(piece.count)
            return piece.count
        }
        if let (file, left) = open, left > 0 {
            let count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(left)))
            guard count > 0 else { throw archive.files[index].gone("has shrunk") }
            open = (file, left - count)
            return count
        }
        try advance()
        return pending.isEmpty ? 0 : try step(into: buffer)
    }

    /// To the bytes around the next file.
    private func advance() throws {
        if open != nil {
            pending += TarWriter.padding(after: archive.files[index].found.size)
            open = nil
            index += 1
        }
        if index < archive.files.count {
            let next = archive.files[index]
            pending += TarWriter.header(name: next.name, size: next.found.size)
            open = (try next.open(), next.found.size)
        } else if index == archive.files.count {
            pending += TarWriter.end
            index += 1
        }
    }
}
