import Glibc

/// A file held open; closed with its last reference. Its calls name the path when they fail.
final class OpenFile: Sendable {
    let descriptor: Int32
    let path: String

    /// Never through a symbolic link at the path's end.
    init(_ path: String, _ flags: Int32, mode: mode_t = 0o600) throws(SystemError) {
        descriptor = open(path, flags | O_CLOEXEC | O_NOFOLLOW, mode)
        self.path = path
        guard descriptor >= 0 else { throw SystemError(flags & O_CREAT == 0 ? "open" : "create", path) }
    }

    init(taking descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    static func reading(_ path: String) throws(SystemError) -> OpenFile { try OpenFile(path, O_RDONLY | O_NONBLOCK) }
    static func replacing(_ path: String) throws(SystemError) -> OpenFile { try OpenFile(path, O_WRONLY | O_CREAT | O_TRUNC) }

    /// - Returns: 0 only at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw SystemError("read", path) }
        }
    }

    /// Exactly `count` bytes at `offset`.
    func read(at offset: Int, count: Int) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var have = 0
        while have < count {
            let got = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress! + have, count - have, offset + have) }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { throw SystemError("read", path, got == 0 ? ENODATA : errno) }
            have += got
        }
        return bytes
    }

    func forEachChunk(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try read(into: buffer)
            guard count > 0 else { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError("write", path) }
            done += count
        }
    }

    func write(_ bytes: [UInt8]) throws(SystemError) {
        do {
            try bytes.withUnsafeBytes { try write($0) }
        } catch let error as SystemError {
            throw error
        } catch {
            preconditionFailure("\(error)")
        }
    }

    func status() throws(SystemError) -> stat {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SystemError("look at", path) }
        return status
    }

    func sync() throws(SystemError) {
        guard fsync(descriptor) == 0 else { throw SystemError("flush to disk", path) }
    }

    func rewind() { lseek(descriptor, 0, SEEK_SET) }
}
