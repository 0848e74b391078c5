import BackupModel
import Crypto
import Glibc
import ObjectStore

/// A file on its way to becoming an object; gone with its owner unless it became one.
final class UnfinishedFile {
    private let key: ObjectKey
    private let place: String
    private let folder: FileDescriptor
    private let name: String
    private let file: FileDescriptor
    private var size = 0
    private var unflushed = 0

    init(for key: ObjectKey, in root: FileDescriptor, place: String) throws(StoreError) {
        if mkdirat(root.number, FolderStore.unfinished, 0o777) != 0, errno != EEXIST { throw folderError("writing '\(key)'", place: place) }
        let name = hexString(randomBytes(16))
        guard let folder = root.folder(FolderStore.unfinished),
            let file = FileDescriptor.opening(name, in: folder, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o666)
        else {
            throw folderError("writing '\(key)'", place: place)
        }
        self.key = key
        self.place = place
        self.folder = folder
        self.name = name
        self.file = file
    }

    deinit { unlinkat(folder.number, name, 0) }

    func write(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        guard file.write(bytes) else { throw folderError("writing '\(key)'", place: place) }
        size += bytes.count
        unflushed += bytes.count
        // As it grows: a large object would fill the page cache first, and then be written in one burst.
        if unflushed >= FolderStore.flushStep { try flush() }
    }

    func flush() throws(StoreError) {
        guard fsync(file.number) == 0 else { throw folderError("writing '\(key)'", place: place) }
        unflushed = 0
        // Nobody will read it soon, and Cassandra beside us needs the page cache.
        if size > FolderStore.bufferSize { posix_fadvise(file.number, 0, 0, POSIX_FADV_DONTNEED) }
    }

    /// Takes the place of what is there; nil with `errno` set.
    func replace(_ target: String, in targetFolder: FileDescriptor) -> Void? {
        guard renameat(folder.number, name, targetFolder.number, target) == 0, fsync(targetFolder.number) == 0 else { return nil }
        return ()
    }

    enum Creation { case made, existed, impossible }

    /// nil with `errno` set.
    func become(_ target: String, in targetFolder: FileDescriptor) -> Creation? {
        if linkat(folder.number, name, targetFolder.number, target, 0) != 0 {
            switch errno {
            // NFS repeats a request whose answer was lost: then it was our own link that it found.
            case EEXIST: guard file.status?.st_nlink == 2 else { return .existed }
            case EPERM, EOPNOTSUPP, ENOSYS, EMLINK: return .impossible
            default: return nil
            }
        }
        return fsync(targetFolder.number) == 0 ? .made : nil
    }
}
