import Glibc

/// An open file or folder, closed with its last owner.
final class FileDescriptor {
    let number: Int32
    init(_ number: Int32) { self.number = number }
    deinit { close(number) }

    /// nil with `errno` set.
    static func opening(_ name: String, in folder: FileDescriptor? = nil, _ flags: Int32, mode: mode_t = 0) -> FileDescriptor? {
        let number = openat(folder?.number ?? AT_FDCWD, name, flags | O_CLOEXEC, mode)
        return number < 0 ? nil : FileDescriptor(number)
    }

    /// A folder within this one, never through a symbolic link.
    func folder(_ name: some StringProtocol) -> FileDescriptor? { .opening(String(name), in: self, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) }

    /// What lies there under that name, never through a symbolic link.
    func status(of name: String) -> stat? {
        var status = stat()
        return fstatat(number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status : nil
    }

    var status: stat? {
        var status = stat()
        return fstat(number, &status) == 0 ? status : nil
    }

    /// Writes all; false with `errno` set.
    func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = Glibc.write(number, bytes.baseAddress! + done, bytes.count - done)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }

    /// nil with `errno` set; 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        while true {
            let count = Glibc.read(number, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            return count < 0 ? nil : count
        }
    }

    /// Names in no order, without `.` and `..`; nil with `errno` set. Bytes, since a name need not be UTF-8.
    func names() -> [[UInt8]]? {
        // Opened anew: a copy would share the position, and a second reading find nothing.
        let copy = openat(number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { return nil }
        guard let stream = fdopendir(copy) else {
            close(copy)
            return nil
        }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else { return errno == 0 ? names : nil }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
        }
    }
}

extension stat {
    var isFolder: Bool { st_mode & S_IFMT == S_IFDIR }
    var isFile: Bool { st_mode & S_IFMT == S_IFREG }
}
