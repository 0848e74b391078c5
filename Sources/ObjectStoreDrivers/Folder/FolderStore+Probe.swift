import BackupModel
import Glibc
package import ObjectStore

extension FolderStore {
    package func probe() throws(StoreError) -> StoreTraits {
        let root = try openRoot()
        try sweep(root)
        let probe = ProbeObject(place: place)
        // Not through `create`: the folder may be about to become a store.
        guard try create(probe.key, probe.bytes, in: root), try !create(probe.key, probe.bytes, in: root) else {
            throw .misconfigured("its file system lets two writers create one file", place: place)
        }
        try probe.checkAndDelete(self)
        return StoreTraits(conditionalCreate: true)
    }

    func create(_ key: ObjectKey, _ bytes: [UInt8], in root: FileDescriptor) throws(StoreError) -> Bool {
        let file = try UnfinishedFile(for: key, in: root, place: place)
        try bytes.withBorrowedBytes { bytes throws(StoreError) in try file.write(bytes) }
        try file.flush()
        switch try inFolder(of: key, root, { folder, name in file.become(name, in: folder) }) {
        case .made: return true
        case .existed: return false
        case .impossible: throw .misconfigured("its file system has no hard links, without which an object cannot be created once", place: place)
        }
    }

    /// Removes what killed writers left more than a day ago.
    private func sweep(_ root: FileDescriptor) throws(StoreError) {
        guard let folder = root.folder(FolderStore.unfinished), let names = folder.names() else { return }
        let old = time(nil) - 86_400
        for name in names.map({ String(decoding: $0, as: UTF8.self) }) {
            guard let status = folder.status(of: name), status.isFile, status.st_mtim.tv_sec < old else { continue }
            unlinkat(folder.number, name, 0)
        }
    }
}
