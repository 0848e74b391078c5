import Glibc

/// A socket that listens, and the Unix socket file that goes with it.
struct ListeningSocket {
    let descriptor: Int32
    /// nil for a Unix socket.
    let port: UInt16?
    private let file: (path: String, device: dev_t, inode: ino_t)?

    init(_ listener: HTTPListener) throws(HTTPServerError) {
        switch listener {
        case .tcp(let address, let port, _): (descriptor, self.port, file) = (try Self.openTCP(address, port), port, nil)
        case .unixSocket(let path, let mode, let group):
            let (descriptor, info) = try Self.openUnix(path, mode, group)
            (self.descriptor, self.port, file) = (descriptor, nil, (path, info.st_dev, info.st_ino))
        }
    }

    /// The port that the kernel chose.
    var actualPort: UInt16? {
        guard port != nil else { return nil }
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = withUnsafeMutablePointer(to: &address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) } }
        guard code == 0 else { return nil }
        return withUnsafeBytes(of: &address) { bytes in
            // The port stands at the same place in sockaddr_in and sockaddr_in6.
            UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: MemoryLayout<sa_family_t>.size, as: UInt16.self))
        }
    }

    func close() { Glibc.close(descriptor) }

    /// Removes the socket's file, unless another server has put its own there.
    func unlinkFile() {
        guard let file else { return }
        var info = stat()
        if lstat(file.path, &info) == 0, info.st_dev == file.device, info.st_ino == file.inode { unlink(file.path) }
    }

    private static func openTCP(_ address: String, _ port: UInt16) throws(HTTPServerError) -> Int32 {
        let place = "\(address):\(port)"
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address, String(port), &hints, &found) == 0, let found else { throw .badAddress(address) }
        defer { freeaddrinfo(found) }
        let descriptor = socket(found.pointee.ai_family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .system(call: "socket", place: place, code: errno) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        if found.pointee.ai_family == AF_INET6 { setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &yes, socklen_t(MemoryLayout<Int32>.size)) }
        guard bind(descriptor, found.pointee.ai_addr, found.pointee.ai_addrlen) == 0, listen(descriptor, 1024) == 0 else {
            throw failure(closing: descriptor, "bind", place)
        }
        return descriptor
    }

    /// Under a lock on the folder, so that two servers starting at once do not take each other's fresh socket for a stale one.
    private static func openUnix(_ path: String, _ mode: UInt32, _ group: String?) throws(HTTPServerError) -> (Int32, stat) {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard lock >= 0 else { throw .system(call: "open", place: folder, code: errno) }
        defer { Glibc.close(lock) }
        // Others may hold the lock for longer than a start takes: then it is better to fail than to wait.
        var tries = 0
        while flock(lock, LOCK_EX | LOCK_NB) != 0 {
            tries += 1
            guard errno == EWOULDBLOCK || errno == EINTR, tries < 200 else { throw .system(call: "flock", place: folder, code: errno) }
            usleep(10_000)
        }
        try removeStale(path)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .system(call: "socket", place: path, code: errno) }
        guard try withAddress(path, { bind(descriptor, $0, $1) }) == 0 else { throw failure(closing: descriptor, "bind", path) }
        // Nobody can connect before listen(2): the mode that the umask gave until here lets nobody in.
        do throws(HTTPServerError) {
            return (descriptor, try hand(path, mode, group, descriptor))
        } catch {
            Glibc.close(descriptor)
            unlink(path)
            throw error
        }
    }

    private static func hand(_ path: String, _ mode: UInt32, _ group: String?, _ descriptor: Int32) throws(HTTPServerError) -> stat {
        if let group {
            guard let entry = getgrnam(group) else { throw .unknownGroup(group) }
            guard lchown(path, uid_t.max, entry.pointee.gr_gid) == 0 else { throw .system(call: "chown", place: path, code: errno) }
        }
        guard chmod(path, mode) == 0 else { throw .system(call: "chmod", place: path, code: errno) }
        guard listen(descriptor, 1024) == 0 else { throw .system(call: "listen", place: path, code: errno) }
        var info = stat()
        guard lstat(path, &info) == 0 else { throw .system(call: "stat", place: path, code: errno) }
        return info
    }

    /// Makes way for a new socket at `path`: only a socket is removed, and only if nobody answers on it.
    private static func removeStale(_ path: String) throws(HTTPServerError) {
        var info = stat()
        guard lstat(path, &info) == 0 else {
            if errno == ENOENT { return }
            throw .system(call: "stat", place: path, code: errno)
        }
        guard info.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path) }
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard probe >= 0 else { throw .system(call: "socket", place: path, code: errno) }
        defer { Glibc.close(probe) }
        let connected = try withAddress(path) { connect(probe, $0, $1) }
        guard connected != 0, errno == ECONNREFUSED else { throw .inUse(path) }
        guard unlink(path) == 0 || errno == ENOENT else { throw .system(call: "unlink", place: path, code: errno) }
    }

    private static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) throws(HTTPServerError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path), !bytes.contains(0) else { throw .pathTooLong(path) }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }

    private static func failure(closing descriptor: Int32, _ call: String, _ place: String) -> HTTPServerError {
        let code = errno
        Glibc.close(descriptor)
        return code == EADDRINUSE ? .inUse(place) : .system(call: call, place: place, code: code)
    }
}
