import BackupModel
import Glibc

/// Snapshots that are not ours (the operator's, and those that Cassandra takes before a truncation or a drop) lie inside the tables' folders and would leave with them.
///
/// They are linked into what was placed: a second name for the same bytes, so that they survive the dropping of what was set aside as well as a rollback.
struct ForeignSnapshots {
    let owner: Ownership?

    /// May be repeated: what is linked already is passed by.
    func link(from old: String, to new: String) throws {
        for keyspace in try folders(in: old) {
            for table in try folders(in: "\(old)/\(keyspace)") {
                let snapshots = "\(keyspace)/\(table)/snapshots"
                for tag in try folders(in: "\(old)/\(snapshots)") where !tag.hasPrefix("aeneas-") {
                    try makeFolders("\(snapshots)/\(tag)", in: new)
                    try linkAll(from: "\(old)/\(snapshots)/\(tag)", to: "\(new)/\(snapshots)/\(tag)")
                }
            }
        }
    }

    private func folders(in path: String) throws -> [String] {
        guard let status = try Disk.status(path), Disk.isFolder(status) else { return [] }
        return try Disk.names(in: path).filter { name in try Disk.status("\(path)/\(name)").map(Disk.isFolder) ?? false }
    }

    private func makeFolders(_ path: String, in root: String) throws {
        var made = root
        for part in path.split(separator: "/") {
            let parent = made
            made += "/" + part
            if try Disk.makeFolder(made, mode: 0o755, owner: owner) { try Disk.syncFolder(parent) }
        }
    }

    private func linkAll(from old: String, to new: String) throws {
        for name in try Disk.names(in: old) {
            guard let status = try Disk.status("\(old)/\(name)") else { continue }
            if Disk.isFolder(status) {
                try Disk.makeFolder("\(new)/\(name)", mode: 0o755, owner: owner)
                try linkAll(from: "\(old)/\(name)", to: "\(new)/\(name)")
            } else if Glibc.link("\(old)/\(name)", "\(new)/\(name)") != 0, errno != EEXIST {
                throw SystemError("link", "\(new)/\(name)")
            }
        }
        try Disk.syncFolder(new)
    }
}
