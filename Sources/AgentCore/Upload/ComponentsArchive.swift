import BackupModel
import CassandraNode
import Crypto

/// All components of an SSTable but `Data.db`, as one tar. None of its files is read twice: a small archive is kept in memory to be named by what is in it;
/// a larger one is named like a `Data.db`, before it is read (`docs/formats.md`, "Identity").
struct ComponentsArchive {
    /// With one for each of four workers, beside a part's buffer for S3, the agent stays below 64 MB.
    static let inMemory = 1 << 20
    let files: [SourceFile]
    let size: Int

    /// - Parameter files: Sorted by component.
    init(_ files: [SourceFile]) {
        self.files = files
        size = TarWriter.size(of: files.map { ($0.name, $0.found.size) })
    }

    var isSmall: Bool { size <= Self.inMemory }

    /// The SHA-256 of what `sha256sum` prints for the files in their order.
    func identity(of digests: [SHA256Hex]) -> SHA256Hex { SHA256Hex(SHA256.hash(zip(digests, files).map { "\($0)  \($1.name)\n" }.joined())) }

    /// A name from the files' names, sizes and ends.
    func identityByEnds() throws -> SHA256Hex {
        let hash = SHA256()
        for file in files {
            let open = try file.open(), size = file.found.size
            hash.update(DataIdentity.bigEndian(UInt64(file.name.utf8.count)))
            hash.update(Array(file.name.utf8))
            hash.update(DataIdentity.bigEndian(UInt64(size)))
            try DataIdentity.addEnds(of: open, size: size, to: hash)
        }
        return SHA256Hex(hash.finish())
    }

    /// Reads without keeping.
    func digests(stop: () throws -> Void, passed: @escaping (Int) -> Void) throws -> [SHA256Hex] {
        let reader = ArchiveReader(self, passed: passed)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 4096)
        defer { buffer.deallocate() }
        repeat { try stop() } while try reader.read(into: buffer) > 0
        return reader.digests
    }

    /// All of a small one.
    func contents() throws -> (bytes: [UInt8], digests: [SHA256Hex]) {
        let reader = ArchiveReader(self)
        let bytes = try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while true {
                let got = try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...]))
                guard got > 0 else { return }
                count += got
            }
        }
        return (bytes, reader.digests)
    }
}

/// A cursor over a `ComponentsArchive` that hashes its files as they pass.
final class ArchiveReader {
    private let archive: ComponentsArchive
    private let passed: (Int) -> Void
    private var index = 0
    private var frame: ArraySlice<UInt8> = []
    private var open: (file: OpenFile, left: Int, digest: SHA256)?
    private var hasEnded = false
    /// Of the files that have passed.
    private(set) var digests: [SHA256Hex] = []

    /// - Parameter passed: Told of bytes of files as they are read.
    init(_ archive: ComponentsArchive, passed: @escaping (Int) -> Void = { _ in }) {
        self.archive = archive
        self.passed = passed
    }

    /// Fills the buffer, or as much of it as the archive still has.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var filled = 0
        while filled < buffer.count {
            let count = try step(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
            guard count > 0 else { break }
            filled += count
        }
        return filled
    }

    private func step(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while frame.isEmpty, !hasEnded {
            if let count = try stepInFile(into: buffer) { return count }
            try advance()
        }
        let piece = frame.prefix(buffer.count)
        buffer.copyBytes(from: piece)
        frame = frame.dropFirst(piece.count)
        return piece.count
    }

    /// nil at the file's end, and outside of any.
    private func stepInFile(into buffer: UnsafeMutableRawBufferPointer) throws -> Int? {
        guard let (file, left, digest) = open else { return nil }
        let source = archive.files[index]
        guard left > 0 else {
            // What is behind the end that it had would be missing, and whoever writes there may have written elsewhere as well.
            try source.check(file)
            digests.append(SHA256Hex(digest.finish()))
            return nil
        }
        let count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(left)))
        guard count > 0 else { throw source.gone("has shrunk") }
        digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        open = (file, left - count, digest)
        passed(count)
        return count
    }

    /// To the bytes around the next file.
    private func advance() throws {
        if open != nil {
            frame += TarWriter.padding(after: archive.files[index].found.size)
            open = nil
            index += 1
        }
        if index < archive.files.count {
            let next = archive.files[index]
            frame += TarWriter.header(name: next.name, size: next.found.size)
            open = (try next.open(), next.found.size, SHA256())
        } else {
            frame += TarWriter.end
            hasEnded = true
        }
    }
}
