import Glibc

/// A folder held open. What is below it is reached by its descriptor and never through a symbolic link.
final class OpenFolder: Sendable {
    private let file: OpenFile
    var path: String { file.path }

    init(_ path: String) throws(SystemError) { file = try OpenFile(path, O_RDONLY | O_DIRECTORY) }
    private init(_ file: OpenFile) { self.file = file }

    /// The folder `name` in this one, made when it is not there.
    func subfolder(making name: String, mode: mode_t = 0o755, owner: Ownership? = nil) throws(SystemError) -> OpenFolder {
        let path = path + "/" + name
        let made = mkdirat(file.descriptor, name, mode) == 0
        guard made || errno == EEXIST else { throw SystemError("make the folder", path) }
        let below = openat(file.descriptor, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
        guard below >= 0 else { throw SystemError("open the folder", path) }
        let folder = OpenFolder(OpenFile(taking: below, path: path))
        if made { try owner?.give(folder.file) }
        return folder
    }

    func create(_ name: String, mode: mode_t = 0o644) throws(SystemError) -> OpenFile { try open(name, O_WRONLY | O_CREAT | O_TRUNC, mode) }

    /// Nil when there is no regular file of that name.
    func reading(_ name: String) throws(SystemError) -> OpenFile? {
        do {
            let found = try open(name, O_RDONLY | O_NONBLOCK, 0)
            return try found.status().st_mode & S_IFMT == S_IFREG ? found : nil
        } catch where error.code == ENOENT || error.code == ELOOP {
            return nil
        }
    }

    private func open(_ name: String, _ flags: Int32, _ mode: mode_t) throws(SystemError) -> OpenFile {
        let below = openat(file.descriptor, name, flags | O_CLOEXEC | O_NOFOLLOW, mode)
        let path = path + "/" + name
        guard below >= 0 else { throw SystemError(flags & O_CREAT == 0 ? "open" : "create", path) }
        return OpenFile(taking: below, path: path)
    }

    /// Everything written to this file system so far is on the disk when this returns.
    func syncFileSystem() throws(SystemError) {
        guard LibC.syncfs(file.descriptor) == 0 else { throw SystemError("flush to disk", path) }
    }
}
