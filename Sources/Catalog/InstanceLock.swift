import Glibc

/// Held for as long as the value lives: no second process (nor a second catalogue in this one) works on the same file.
///
/// A file of its own is locked, because closing any descriptor of the database would drop SQLite's locks on it.
final class InstanceLock: Sendable {
    private let descriptor: Int32

    /// - Throws: `CatalogError.inUse`, or `.unusable` when the lock's file cannot be made.
    init(besides path: String) throws(CatalogError) {
        descriptor = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw CatalogError.unusable(path: path, detail: "its lock file: \(String(cString: strerror(errno)))") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            close(descriptor)
            throw reason == EWOULDBLOCK
                ? CatalogError.inUse(path: path) : CatalogError.unusable(path: path, detail: "its lock: \(String(cString: strerror(reason)))")
        }
    }

    deinit { close(descriptor) }
}

/// Makes an empty file that only its owner can read, unless there is one.
func createPrivateFile(at path: String) throws(CatalogError) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw CatalogError.unusable(path: path, detail: String(cString: strerror(errno))) }
    close(descriptor)
}
