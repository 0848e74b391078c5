import BackupModel
import Crypto
import Glibc

/// Files of the master's own: read in pieces, written whole or not at all.
enum LocalFile {
    private static func failed(_ what: String, _ path: String) -> Failure {
        let reason = errno
        return Failure("server.file", "cannot \(what) '\(path)': \(String(cString: strerror(reason)))", hint: reason == ENOSPC ? "is the disk full?" : nil, recovery: .retry)
    }

    /// Gives the file's bytes in order.
    static func forEachChunk(_ path: String, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw failed("read", path) }
        defer { close(descriptor) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failed("read", path) }
            if count == 0 { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    static func contents(_ path: String, limit: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try forEachChunk(path) { chunk in
            guard bytes.count + chunk.count <= limit else { throw Failure("server.file", "'\(path)' is larger than \(limit) bytes") }
            bytes.append(contentsOf: chunk)
        }
        return bytes
    }

    static func digest(_ path: String) throws -> (size: Int, sha256: SHA256Hex) {
        let hash = SHA256()
        var size = 0
        try forEachChunk(path) { chunk in
            hash.update(chunk)
            size += chunk.count
        }
        return (size, SHA256Hex(unchecked: hash.finish().hex))
    }

    /// Returns when what was written is on the disk.
    static func synchronize(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw failed("read", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failed("write", path) }
    }

    static func replace(_ path: String, with bytes: [UInt8]) throws {
        let fresh = path + ".new", descriptor = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failed("write", fresh) }
        defer { close(descriptor) }
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + done, bytes.count - done) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failed("write", fresh) }
            done += count
        }
        guard fsync(descriptor) == 0, rename(fresh, path) == 0 else { throw failed("write", path) }
    }
}
