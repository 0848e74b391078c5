import BackupModel
import CassandraNode
import Glibc

/// One live folder of a node and the folder beside it in which a restore works: both on one file system, so that a rename is all that it takes.
struct RestoreSite: Codable, Hashable, Sendable {
    enum Kind: String, Codable, Sendable {
        /// SSTables: what is restored goes here.
        case data
        /// Commit log, hints, saved caches, cdc: emptied.
        case side
    }

    var kind: Kind
    /// Absolute, without symbolic links.
    var live: String
    /// `<live>.aeneas-<restore id>`. For a side folder that is a mount point itself: `<live>/.aeneas-<restore id>`, a name that Cassandra passes by there.
    var beside: String

    var staging: String { beside + "/staging" }
    var aside: String { beside + "/aside" }
    /// What a rollback takes out of the live folder.
    var discarded: String { beside + "/discarded" }
    /// Says that `staging` is whole.
    var staged: String { beside + "/staged.json" }

    /// Names in `live` that are the node's own: all but the restore's.
    func liveNames() throws(SystemError) -> [String] {
        let own = beside.dropFirst(live.utf8.count + 1)
        return try Disk.names(in: live).filter { $0 != Sentinel.folder && $0 != own }
    }

    /// A folder in which Cassandra finds an SSTable of a version that no release has: it refuses to start ("Detected unreadable sstables").
    enum Sentinel {
        static let folder = "aeneas_restore_in_progress"
        static let table = "restore-00000000000000000000000000000000"
        static let file = "zz-1-big-Data.db"
    }

    static func all(of layout: RestoreLayout) throws -> [RestoreSite] {
        let data = try layout.folders.data.map { try RestoreSite(.data, $0, layout.restore) }
        let side = try layout.folders.side.map { try RestoreSite(.side, $0, layout.restore) }
        let lives = (data + side).map(\.live)
        for (at, one) in lives.enumerated() {
            for (other, two) in lives.enumerated() where at != other && (one == two || two.hasPrefix(one + "/")) {
                throw Failure("restore.folders-nested", "\(quoted(two)) lies in \(quoted(one)), another folder of the node's", hint: "give each folder of cassandra.yaml a place of its own")
            }
        }
        return data + side
    }

    private init(_ kind: Kind, _ path: String, _ restore: RestoreID) throws {
        let parts = path.split(separator: "/")
        guard path.hasPrefix("/"), !parts.isEmpty, !parts.contains(where: { $0 == "." || $0 == ".." }), !path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw Failure("restore.bad-folder", "not a folder that can be restored: \(quoted(path))", hint: "the folders of cassandra.yaml must be absolute paths")
        }
        let plain = "/" + parts.joined(separator: "/")
        self.kind = kind
        if let real = try Disk.real(plain) {
            live = real
        } else if let parent = try Disk.real(Disk.parent(of: plain)) {
            live = (parent == "/" ? "" : parent) + "/" + parts.last!
        } else {
            throw Failure(
                "restore.no-parent", "neither \(quoted(plain)) nor the folder above it exists", hint: "is its file system mounted? make the folder above it, owned by Cassandra's user")
        }
        guard live != "/" else { throw Failure("restore.bad-folder", "not a folder that can be restored: \(quoted(path)) leads to '/'") }
        beside = live + ".aeneas-\(restore)"
        guard try MountPoints.read().contains(live) || !onParentsDevice() else { return }
        guard kind == .side else {
            throw Failure(
                "restore.staging-elsewhere", "\(quoted(live)) is a mount point: what is restored cannot be got ready beside it on the same file system",
                hint: "let data_file_directories name a folder below the mount, such as \(live)/data, move the data there, and back up again")
        }
        beside = live + "/.aeneas-\(restore)"
    }

    private func onParentsDevice() throws -> Bool {
        guard let own = try Disk.status(live) else { return true }
        return try Disk.status(Disk.parent(of: live))?.st_dev == own.st_dev
    }
}

enum MountPoints {
    /// Of all file systems that this process sees.
    static func read() throws -> Set<String> {
        let text = String(decoding: try Disk.contents("/proc/self/mountinfo", limit: 16 << 20) ?? [], as: UTF8.self)
        return Set(text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            return fields.count > 4 ? unescaped(fields[4]) : nil
        })
    }

    /// Blanks and such stand there as `\040`.
    private static func unescaped(_ field: Substring) -> String {
        var bytes: [UInt8] = [], rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3, let value = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8) {
                bytes.append(value)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
