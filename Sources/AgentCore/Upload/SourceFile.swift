import BackupModel
import CassandraNode
import Glibc

/// One file of a snapshot, which is to be the same from the moment it was found until it is sent.
struct SourceFile: Sendable {
    let found: FoundFile
    let path: String

    init(_ found: FoundFile, of sstable: SnapshotSSTable) {
        self.found = found
        path = "\(sstable.directory)/\(sstable.name)-\(found.component)"
    }

    var name: String { String(path[path.index(after: path.lastIndex(of: "/")!)...]) }

    func open() throws -> OpenFile {
        let file: OpenFile
        do {
            file = try OpenFile.reading(path)
        } catch {
            guard error.code == ENOENT else { throw error }
            throw gone("is gone")
        }
        try check(file)
        return file
    }

    func check(_ file: OpenFile) throws {
        let status = try file.status()
        guard Int(status.st_size) == found.size, UInt64(status.st_ino) == found.inode else { throw gone("has changed") }
    }

    func gone(_ what: String) -> Failure {
        Failure(
            "cassandra.snapshot-changed", "\(quoted(path)) \(what) while the snapshot is uploaded", hint: "did somebody clear the snapshot, or does something else work in Cassandra's data folders?",
            recovery: .retry)
    }
}
