import Glibc

/// A folder held open. Everything below it is reached by its descriptor and never through a symbolic link, so that nobody can put another tree
/// in its place meanwhile.
final class OpenFolder {
    /// For messages.
    let path: String
    private let stream: OpaquePointer
    private var descriptor: Int32 { dirfd(stream) }

    enum Kind { case file, folder, link, other }

    struct Entry {
        let name: String
        let kind: Kind
    }

    struct Status {
        let kind: Kind
        let size: Int
        let inode: UInt64
        let device: UInt64
        /// Nanoseconds since 1970.
        let modified: Int
    }

    /// The folder at `path`, which may be a symbolic link or below one; nil when there is none.
    static func top(_ path: String) throws(NodeError) -> OpenFolder? {
        try OpenFolder(path: path, descriptor: open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    }

    /// The folder `name` in this one; nil when there is no such entry.
    func folder(_ name: String) throws(NodeError) -> OpenFolder? {
        let below = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
        guard below < 0, errno == ENOTDIR || errno == ELOOP else { return try OpenFolder(path: self.path(of: name), descriptor: below) }
        throw .snapshotUnsound(path: self.path(of: name), problem: try status(name)?.kind == .link ? "is a symbolic link" : "is not a folder")
    }

    private init?(path: String, descriptor: Int32) throws(NodeError) {
        if descriptor < 0 {
            if errno == ENOENT { return nil }
            throw .folderUnreadable(path: path, reason: systemReason())
        }
        guard let stream = fdopendir(descriptor) else {
            let reason = systemReason()
            Glibc.close(descriptor)
            throw .folderUnreadable(path: path, reason: reason)
        }
        self.path = path
        self.stream = stream
    }

    deinit { closedir(stream) }

    func path(of name: String) -> String { path.hasSuffix("/") ? path + name : path + "/" + name }

    /// All but `.` and `..`, in no order.
    ///
    /// A name that is no UTF-8 comes with replacement characters, under which nothing can be opened.
    func entries() throws(NodeError) -> [Entry] {
        var entries: [Entry] = []
        try forEachEntry { (entry) throws(NodeError) in entries.append(entry) }
        return entries
    }

    /// The same one by one: a table may have a hundred thousand files.
    func forEachEntry(_ body: (Entry) throws(NodeError) -> Void) throws(NodeError) {
        rewinddir(stream)
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw .folderUnreadable(path: path, reason: systemReason()) }
                return
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) } }
            if name == "." || name == ".." { continue }
            switch Int(entry.pointee.d_type) {
            case Int(DT_REG): try body(Entry(name: name, kind: .file))
            case Int(DT_DIR): try body(Entry(name: name, kind: .folder))
            case Int(DT_LNK): try body(Entry(name: name, kind: .link))
            // Some file systems do not say.
            case Int(DT_UNKNOWN): try body(Entry(name: name, kind: try status(name)?.kind ?? .other))
            default: try body(Entry(name: name, kind: .other))
            }
        }
    }

    /// Of the entry itself, not of what a link leads to; nil when it is not there.
    func status(_ name: String) throws(NodeError) -> Status? {
        var status = stat()
        guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            if errno == ENOENT { return nil }
            throw .folderUnreadable(path: path(of: name), reason: systemReason())
        }
        return Status(status)
    }

    func status() throws(NodeError) -> Status {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .folderUnreadable(path: path, reason: systemReason()) }
        return Status(status)
    }

    /// The bytes of a regular file here; nil when it is not there.
    ///
    /// - Parameter limit: More bytes than that are an error.
    func contents(of name: String, limit: Int = 64 << 20) throws(NodeError) -> [UInt8]? {
        // Without O_NONBLOCK a pipe of that name would hold us here.
        let file = openat(descriptor, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else {
            switch errno {
            case ENOENT: return nil
            case ELOOP: throw .snapshotUnsound(path: path(of: name), problem: "is a symbolic link")
            default: throw .folderUnreadable(path: path(of: name), reason: systemReason())
            }
        }
        defer { Glibc.close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw .folderUnreadable(path: path(of: name), reason: systemReason()) }
        guard Status(status).kind == .file else { throw .snapshotUnsound(path: path(of: name), problem: "is not a regular file") }
        return try readAll(file, path: path(of: name), limit: limit)
    }

    /// Removes what `name` is, with everything in it; a link itself, not what it leads to.
    func remove(_ name: String, depth: Int = 4) throws(NodeError) {
        guard let status = try status(name) else { return }
        if status.kind == .folder, depth > 0, let folder = try folder(name) {
            for entry in try folder.entries() { try folder.remove(entry.name, depth: depth - 1) }
        }
        guard unlinkat(descriptor, name, status.kind == .folder ? AT_REMOVEDIR : 0) != 0, errno != ENOENT else { return }
        throw .folderUnreadable(path: path(of: name), reason: "unable to remove it: \(systemReason())")
    }
}

extension OpenFolder.Status {
    fileprivate init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            case S_IFLNK: .link
            default: .other
            }
        size = Int(status.st_size)
        inode = UInt64(status.st_ino)
        device = UInt64(status.st_dev)
        modified = Int(status.st_mtim.tv_sec) * 1_000_000_000 + Int(status.st_mtim.tv_nsec)
    }
}

/// What `errno` means.
func systemReason() -> String { String(cString: strerror(errno)).lowercased() }

/// The rest of an open file.
func readAll(_ file: Int32, path: String, limit: Int) throws(NodeError) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        let count = buffer.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
        if count == 0 { return bytes }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw .folderUnreadable(path: path, reason: systemReason()) }
        bytes += buffer[..<count]
        guard bytes.count <= limit else { throw .folderUnreadable(path: path, reason: "larger than \(limit) bytes") }
    }
}

/// A whole file anywhere, links followed; for files outside the data folders.
func readFile(_ path: String, limit: Int) throws(NodeError) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw .folderUnreadable(path: path, reason: systemReason()) }
    defer { Glibc.close(file) }
    return try readAll(file, path: path, limit: limit)
}
