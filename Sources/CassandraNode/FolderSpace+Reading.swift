package import BackupModel
import Glibc

extension FolderSpace {
    /// Of the folder, or where it is gone of the nearest parent that is there.
    package init(of path: String) throws(NodeError) {
        var place = path
        var space = statvfs()
        var status = stat()
        while statvfs(place, &space) != 0 || stat(place, &status) != 0 {
            guard errno == ENOENT || errno == ENOTDIR, place != "/" else { throw .folderUnreadable(path: place, reason: systemReason()) }
            place = place.lastIndex(of: "/").map { String(place[..<$0]) } ?? ""
            if place.isEmpty { place = "/" }
        }
        let block = Int(space.f_frsize)
        self.init(
            path: path, exists: place == path, free: Int(space.f_bavail) * block, total: Int(space.f_blocks) * block,
            device: Int(truncatingIfNeeded: status.st_dev))
    }
}
