import BackupModel
import Glibc
package import ObjectStore

extension FolderStore {
    package func list(prefix: String, page: ([ListedObject]) throws -> Void, foreign: (String) -> Void) throws(StoreError) {
        count.add()
        // The complete components of the prefix lead to one folder; below it, names are compared with what is left.
        let parts = prefix.split(separator: "/", omittingEmptySubsequences: false)
        let folders = parts.dropLast().joined(separator: "/")
        guard folders.isEmpty || (try? ObjectKey(checking: folders)) != nil, let folder = try openPath(parts.dropLast()) else { return }
        try withoutActuallyEscaping(page) { page throws(StoreError) in
            try withoutActuallyEscaping(foreign) { foreign throws(StoreError) in
                let walk = FolderWalk(place: place, page: page, foreign: foreign)
                try walk.visit(folder, path: folders.isEmpty ? "" : folders + "/", namesFrom: String(parts.last!))
                try walk.givePage()
            }
        }
    }
}

/// Visits files in the order of their keys' UTF-8, and collects pages of them.
private final class FolderWalk {
    private let place: String
    private let page: ([ListedObject]) throws -> Void
    private let foreign: (String) -> Void
    private var waiting: [ListedObject] = []

    init(place: String, page: @escaping ([ListedObject]) throws -> Void, foreign: @escaping (String) -> Void) {
        self.place = place
        self.page = page
        self.foreign = foreign
    }

    private struct Entry {
        /// With a '/' at a folder's end, so that `b/x` comes after `b.x` as it does among keys.
        var sortKey: [UInt8]
        var name: String
        var status: stat
    }

    func visit(_ folder: FileDescriptor, path: String, namesFrom start: String = "") throws(StoreError) {
        for entry in try entries(folder, path, start) {
            let text = path + entry.name
            if entry.status.isFolder, text.utf8.count < 1000 {
                // Gone since: a delete took it.
                guard let next = folder.folder(entry.name) else {
                    if errno == ENOENT { continue }
                    throw folderError("listing '\(text)'", place: place)
                }
                try visit(next, path: text + "/")
            } else if entry.status.isFile, let key = try? ObjectKey(checking: text) {
                waiting.append(ListedObject(key: key, size: Int(entry.status.st_size)))
                if waiting.count == 1000 { try givePage() }
            } else {
                foreign(text)
            }
        }
    }

    func givePage() throws(StoreError) {
        guard !waiting.isEmpty else { return }
        do { try page(waiting) } catch { throw .sink(error) }
        waiting = []
    }

    private func entries(_ folder: FileDescriptor, _ path: String, _ start: String) throws(StoreError) -> [Entry] {
        guard let names = folder.names() else { throw folderError("listing '\(path)'", place: place) }
        var entries: [Entry] = []
        for bytes in names where bytes.starts(with: start.utf8) {
            guard let name = String(validating: bytes, as: UTF8.self) else {
                foreign(path + String(decoding: bytes, as: UTF8.self))
                continue
            }
            if path.isEmpty, name == FolderStore.unfinished { continue }
            guard let status = folder.status(of: name) else {
                if errno == ENOENT { continue }
                throw folderError("listing '\(path)\(name)'", place: place)
            }
            entries.append(Entry(sortKey: bytes + (status.isFolder ? [UInt8(ascii: "/")] : []), name: name, status: status))
        }
        return entries.sorted { $0.sortKey.lexicographicallyPrecedes($1.sortKey) }
    }
}
