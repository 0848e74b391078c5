import Glibc

/// A file that is written from its start to its end, and reaches the disk as it grows.
///
/// A large restore would fill the page cache otherwise, beside a Cassandra that lives from it, and end in one burst of writing. What is small is left to the
/// flush of the whole file system at the end: a flush for each would take longer.
final class GrowingFile {
    /// Bytes from one flush to the next.
    static let step = 16 << 20
    /// Bytes of a file from which on its end is flushed by itself.
    static let small = 1 << 20

    private let file: OpenFile
    private var size = 0
    private var unflushed = 0

    init(_ file: OpenFile) { self.file = file }

    func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        try file.write(bytes)
        size += bytes.count
        unflushed += bytes.count
        if unflushed >= Self.step { try flush() }
    }

    /// After the last byte.
    func finish() throws(SystemError) { if size >= Self.small, unflushed > 0 { try flush() } }

    private func flush() throws(SystemError) {
        guard fdatasync(file.descriptor) == 0 else { throw SystemError("flush to disk", file.path) }
        posix_fadvise(file.descriptor, 0, 0, POSIX_FADV_DONTNEED)
        unflushed = 0
    }
}
