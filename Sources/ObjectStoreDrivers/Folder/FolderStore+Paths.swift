import BackupModel
import Glibc
import ObjectStore

extension FolderStore {
    func openRoot() throws(StoreError) -> FileDescriptor {
        guard let root = FileDescriptor.opening(place, O_RDONLY | O_DIRECTORY) else {
            switch errno {
            case ENOENT: throw .misconfigured("there is no such folder", place: place, hint: "is it mounted, and on this host too?")
            case ENOTDIR: throw .misconfigured("it is not a folder", place: place)
            default: throw folderError("opening the folder", place: place)
            }
        }
        return root
    }

    func openForWriting(_ key: ObjectKey) throws(StoreError) -> FileDescriptor {
        let root = try openRoot()
        guard key == .store || root.status(of: ObjectKey.store.text) != nil else {
            throw .misconfigured("there is no '\(ObjectKey.store)' in it", place: place, hint: "is it mounted here, and was it made a store?")
        }
        return root
    }

    func name(_ key: ObjectKey) -> String { String(key.text.split(separator: "/").last!) }

    /// nil, with `errno` ENOENT, when there is none.
    func openFolder(of key: ObjectKey) throws(StoreError) -> FileDescriptor? { try openPath(key.text.split(separator: "/").dropLast()) }

    func openPath(_ path: some Sequence<Substring>) throws(StoreError) -> FileDescriptor? {
        var folder = try openRoot()
        for component in path {
            guard let next = folder.folder(component) else {
                if errno == ENOENT { return nil }
                let error = notAFolder(component)
                // An object has that name: nothing can be below it. A link is another matter.
                guard folder.status(of: String(component))?.isFile == true else { throw error }
                errno = ENOENT
                return nil
            }
            folder = next
        }
        return folder
    }

    /// Opens the folder of `key` below `root`, making what lacks, and runs `body` there; again when another's `delete` took the empty folder away in between.
    func inFolder<Result>(of key: ObjectKey, _ root: FileDescriptor, _ body: (FileDescriptor, String) -> Result?) throws(StoreError) -> Result {
        for _ in 0..<10 {
            if let folder = try makeFolder(of: key, root), let result = body(folder, name(key)) { return result }
            guard errno == ENOENT else { break }
        }
        throw folderError("writing '\(key)'", place: place)
    }

    private func makeFolder(of key: ObjectKey, _ root: FileDescriptor) throws(StoreError) -> FileDescriptor? {
        var folder = root
        for component in key.text.split(separator: "/").dropLast() {
            if let next = folder.folder(component) {
                folder = next
                continue
            }
            guard errno == ENOENT else { throw notAFolder(component) }
            if mkdirat(folder.number, String(component), 0o777) == 0 {
                guard fsync(folder.number) == 0 else { return nil }
            } else if errno != EEXIST {
                return nil
            }
            guard let next = folder.folder(component) else { return nil }
            folder = next
        }
        return folder
    }

    private func notAFolder(_ component: Substring) -> StoreError {
        if errno == ENOTDIR || errno == ELOOP { return .misconfigured("'\(component)' in it is a link or a file where a folder should be", place: place) }
        return folderError("opening the folder '\(component)'", place: place)
    }
}

/// - Parameter what: What failed, as an activity; `errno` says why.
func folderError(_ what: String, place: String) -> StoreError {
    let code = errno, text = String(cString: strerror(code)).lowercased()
    return switch code {
    case ENOSPC, EDQUOT: .full(what, place: place)
    case EACCES, EPERM, EROFS: .accessDenied(what, place: place, detail: text)
    case EIO, ESTALE, ETIMEDOUT, EHOSTDOWN, EHOSTUNREACH, ENXIO, ENODEV, ENOTCONN: .unavailable(what, place: place, detail: text)
    default: .unexpected(what, place: place, detail: text)
    }
}
