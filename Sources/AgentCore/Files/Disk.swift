import Glibc

/// What the agent does with files by their paths. Nothing here follows a symbolic link at a path's end, `real` apart.
enum Disk {
    static func status(_ path: String) throws(SystemError) -> stat? {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw SystemError("look at", path)
        }
        return status
    }

    static func exists(_ path: String) throws(SystemError) -> Bool { try status(path) != nil }

    static func isFolder(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFDIR }

    /// The path without symbolic links; nil when there is nothing.
    static func real(_ path: String) throws(SystemError) -> String? {
        guard let resolved = realpath(path, nil) else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw SystemError("resolve", path)
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Names in a folder but `.` and `..`, sorted; none when the folder is not there.
    static func names(in path: String) throws(SystemError) -> [String] {
        guard let stream = opendir(path) else {
            if errno == ENOENT { return [] }
            throw SystemError("list", path)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw SystemError("list", path) }
                return names.sorted()
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) } }
            guard let name else { throw SystemError("read a name in", path, EILSEQ) }
            if name != ".", name != ".." { names.append(name) }
        }
    }

    /// - Returns: Whether it was made now.
    @discardableResult
    static func makeFolder(_ path: String, mode: mode_t = 0o700, owner: Ownership? = nil) throws(SystemError) -> Bool {
        guard mkdir(path, mode) == 0 else {
            guard errno == EEXIST, let found = try status(path), isFolder(found) else { throw SystemError("make the folder", path, errno == 0 ? EEXIST : errno) }
            return false
        }
        try owner?.give(path)
        return true
    }

    static func rename(_ old: String, to new: String) throws(SystemError) {
        guard Glibc.rename(old, new) == 0 else { throw SystemError("rename to \(new) from", old) }
    }

    /// Removes what is there, with everything in it; a link itself, not what it leads to.
    static func remove(_ path: String) throws(SystemError) {
        guard let found = try status(path) else { return }
        if isFolder(found) {
            for name in try names(in: path) { try remove(path + "/" + name) }
        }
        guard (isFolder(found) ? rmdir(path) : unlink(path)) == 0 || errno == ENOENT else { throw SystemError("remove", path) }
    }

    /// Makes names that were created in, moved to or removed from a folder last through a power cut.
    static func syncFolder(_ path: String) throws(SystemError) { try OpenFile(path, O_RDONLY | O_DIRECTORY).sync() }

    static func parent(of path: String) -> String {
        let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
        return parent.isEmpty ? "/" : parent
    }

    static func contents(_ path: String, limit: Int) throws -> [UInt8]? {
        guard let found = try status(path) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(Int(found.st_size), limit))
        try OpenFile.reading(path).forEachChunk { chunk in
            guard bytes.count + chunk.count <= limit else { throw SystemError("read the whole of", path, EFBIG) }
            bytes.append(contentsOf: chunk)
        }
        return bytes
    }

    /// Replaces the file as a whole, on the disk when this returns.
    static func replace(_ path: String, with bytes: [UInt8]) throws(SystemError) {
        let new = path + ".new"
        let file = try OpenFile.replacing(new)
        try file.write(bytes)
        try file.sync()
        try rename(new, to: path)
        try syncFolder(parent(of: path))
    }

    /// Bytes of all files below, hard links counted once. Other file systems below are not entered.
    static func bytes(below path: String) throws(SystemError) -> Int {
        var seen: Set<UInt64> = []
        return try bytes(below: path, &seen)
    }

    private static func bytes(below path: String, _ seen: inout Set<UInt64>) throws(SystemError) -> Int {
        guard let found = try status(path) else { return 0 }
        guard isFolder(found) else { return found.st_nlink > 1 && !seen.insert(UInt64(found.st_ino)).inserted ? 0 : Int(found.st_size) }
        var sum = 0
        for name in try names(in: path) {
            let child = path + "/" + name
            guard let status = try status(child), status.st_dev == found.st_dev else { continue }
            sum += try bytes(below: child, &seen)
        }
        return sum
    }
}
