package import BackupModel
import Glibc
package import ObjectStore

/// A folder as a store: a disk, or a network file system that master and nodes all have mounted.
///
/// A key is a path below the folder. An object is written under `-unfinished`, a name that no key can have, flushed, and then linked or renamed to its place,
/// so that it appears whole or not at all, and stays through a power cut. No symbolic link below the folder is ever followed.
///
/// The folder itself is never made: when its file system is not mounted, a backup must fail and not fill the disk beneath. For the same reason nothing but
/// `aeneas.json` and probes is written before `aeneas.json` is there.
package final class FolderStore: ObjectStore {
    static let unfinished = "-unfinished"
    static let bufferSize = 1 << 20
    /// Bytes of an object after which what has been written of it is flushed.
    static let flushStep = 16 << 20
    package let place: String
    let count = RequestCount()

    /// - Parameter path: Absolute; the folder need not be there yet.
    package init(path: String) throws(StoreError) {
        guard path.utf8.first == UInt8(ascii: "/"), !path.utf8.contains(0) else { throw .misconfigured("a folder store's path must be absolute", place: path) }
        place = path
    }

    package var requests: Int { count.value }

    package func create(_ key: ObjectKey, _ bytes: [UInt8]) throws(StoreError) -> Bool {
        count.add()
        let root = try openForWriting(key)
        return try create(key, bytes, in: root)
    }

    package func upload(_ key: ObjectKey, size: Int, transfer: TransferControl, body: ObjectBody) throws(StoreError) {
        count.add()
        let root = try openForWriting(key)
        let file = try UnfinishedFile(for: key, in: root, place: place)
        try withoutActuallyEscaping(body) { body throws(StoreError) in
            var reader = BodyReader(key: key, place: place, size: size, body: body)
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(FolderStore.bufferSize, max(size, 1)), alignment: 4096)
            defer { buffer.deallocate() }
            while reader.left > 0 {
                if transfer.isCancelled() { throw .cancelled }
                let piece = try reader.fill(buffer)
                try file.write(piece)
                transfer.moved(piece.count)
            }
        }
        if transfer.isCancelled() { throw .cancelled }
        try file.flush()
        try inFolder(of: key, root) { folder, name in file.replace(name, in: folder) }
    }

    package func download(_ key: ObjectKey, transfer: TransferControl, sink: (UnsafeRawBufferPointer) throws -> Void) throws(StoreError) {
        count.add()
        guard let folder = try openFolder(of: key), let file = FileDescriptor.opening(name(key), in: folder, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) else {
            if errno == ENOENT || errno == ENOTDIR { throw .notFound(key, place: place) }
            throw folderError("reading '\(key)'", place: place)
        }
        guard let status = file.status, !status.isFolder else { throw .notFound(key, place: place) }
        guard status.isFile else { throw .misconfigured("'\(key)' is not a plain file", place: place) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: FolderStore.bufferSize, alignment: 4096)
        defer { buffer.deallocate() }
        var got = 0
        while true {
            if transfer.isCancelled() { throw .cancelled }
            guard let count = file.read(into: buffer) else { throw folderError("reading '\(key)'", place: place) }
            guard count > 0 else { break }
            got += count
            do { try sink(UnsafeRawBufferPointer(rebasing: buffer[..<count])) } catch { throw .sink(error) }
            transfer.moved(count)
        }
        guard got >= Int(status.st_size) else { throw .cutShort(key, place: place, got: got, of: Int(status.st_size)) }
    }

    package func size(of key: ObjectKey) throws(StoreError) -> Int? {
        count.add()
        guard let folder = try openFolder(of: key) else { return nil }
        guard let status = folder.status(of: name(key)) else {
            if errno == ENOENT { return nil }
            throw folderError("looking for '\(key)'", place: place)
        }
        return status.isFile ? Int(status.st_size) : nil
    }

    package func delete(_ keys: [ObjectKey]) throws(StoreError) {
        for key in keys {
            count.add()
            guard let folder = try openFolder(of: key) else { continue }
            guard unlinkat(folder.number, name(key), 0) == 0 || errno == ENOENT || errno == EISDIR else { throw folderError("deleting '\(key)'", place: place) }
            try removeEmptyFolders(above: key)
        }
    }

    /// The folder of the last object takes its empty parents with it; one that somebody is just filling stays, since `rmdir` refuses it.
    private func removeEmptyFolders(above key: ObjectKey) throws(StoreError) {
        var path = key.text.split(separator: "/").dropLast()
        while let name = path.popLast() {
            guard let parent = try openPath(path), unlinkat(parent.number, String(name), AT_REMOVEDIR) == 0 else { return }
        }
    }
}
