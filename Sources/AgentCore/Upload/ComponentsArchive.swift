import BackupModel
import CassandraNode
import Compression
import Crypto

/// All components of an SSTable but `Data.db`, as one tar: in memory up to 1 MiB, otherwise read a second time while it is sent.
struct ComponentsArchive {
    /// With one for each of four workers, beside a part's buffer for S3, the agent stays below 64 MB.
    static let inMemory = 1 << 20
    let files: [SourceFile]
    let size: Int
    private(set) var digests: [SHA256Hex] = []
    /// Names the object: the SHA-256 of what `sha256sum` prints for the files in their order. Names, sizes and contents make all bytes of the archive, so that none has to be hashed twice.
    let identity: SHA256Hex
    /// Of the files' contents one after the other: whether a second reading finds the bytes of the first.
    fileprivate let crc32: CRC32
    private let bytes: [UInt8]?

    /// Reads and hashes.
    ///
    /// - Parameter files: Sorted by component.
    init(_ files: [SourceFile], stop: () throws -> Void) throws {
        let size = TarWriter.size(of: files.map { ($0.name, $0.found.size) })
        var kept: [UInt8]? = size <= Self.inMemory ? [] : nil
        kept?.reserveCapacity(size)
        var digests: [SHA256Hex] = [], file = SHA256(), contents = CRC32()
        try Self.stream(files) { piece, isContent, endsFile in
            try stop()
            kept?.append(contentsOf: piece)
            if isContent {
                file.update(piece)
                contents.update(piece)
            }
            if endsFile {
                digests.append(SHA256Hex(file.finish()))
                file = SHA256()
            }
        }
        self.files = files
        self.size = size
        self.digests = digests
        identity = SHA256Hex(SHA256.hash(zip(digests, files).map { "\($0)  \($1.name)\n" }.joined()))
        crc32 = contents
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
    /// Small enough to be looked at while the processor's cache has it.
    private static let piece = 256 << 10
    private let archive: ComponentsArchive
    private let bytes: [UInt8]?
    private var given = 0
    private var crc32 = CRC32()
    private var index = 0
    private var pending: ArraySlice<UInt8> = []
    private var open: (file: OpenFile, left: Int)?

    init(_ archive: ComponentsArchive, bytes: [UInt8]?) {
        self.archive = archive
        self.bytes = bytes
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
        given += filled
        if given == archive.size, crc32 != archive.crc32 { throw archive.files[0].gone("or another component has changed") }
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
            let count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(min(left, Self.piece))))
            guard count > 0 else { throw archive.files[index].gone("has shrunk") }
            crc32.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
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
