import BackupModel
import CassandraNode
import Glibc

/// Puts what is staged in the place of what is live, and back, by renames alone.
///
/// Each phase is recorded before it begins and can be begun again: within it, names move one way only, and what has moved already is not there to be moved.
/// As long as old and new may be mixed, each data folder holds a sentinel that keeps Cassandra from starting.
struct Placement {
    let layout: RestoreLayout
    let agent: AgentFolder
    let parts: AgentParts
    private let owner: Ownership?

    init(_ layout: RestoreLayout, agent: AgentFolder, parts: AgentParts) {
        self.layout = layout
        self.agent = agent
        self.parts = parts
        owner = Ownership(layout.folders.owner)
    }

    /// - Throws: Before anything is touched: `cassandra.still-running`, `restore.folders-changed`, `restore.not-staged`.
    func place() throws {
        try checkNothingRuns()
        var record = try recordToPlace()
        if record.phase == .staged {
            try checkConfiguration()
            record.made = try record.sites.map(\.live).filter { try !Disk.exists($0) }
            record.phase = .settingAside
            try record.write(agent)
        }
        if record.phase == .settingAside {
            try forbidStart(record)
            for site in record.sites { try move(try site.liveNames(), from: site.live, to: site.aside) }
            record.phase = .placing
            try record.write(agent)
        }
        if record.phase == .placing {
            for site in record.sites where site.kind == .data {
                try move(try Disk.names(in: site.staging), from: site.staging, to: site.live)
                try ForeignSnapshots(owner: owner).link(from: site.aside, to: site.live)
            }
            record.phase = .placed
            try record.write(agent)
        }
        // Also when it was placed already: the last try may have ended just before this.
        try allowStart(record)
    }

    private func recordToPlace() throws -> RestoreRecord {
        guard let record = try RestoreRecord.read(layout, agent), record.phase != .staging else {
            throw Failure("restore.not-staged", "restore \(layout.restore) is not staged here as a whole", hint: "stage it first", recovery: .retry)
        }
        switch record.phase {
        case .discarding, .returning, .cleaning: throw Failure("restore.rolling-back", "restore \(layout.restore) is being rolled back here", hint: "finish the rollback first")
        case .dropping: throw Failure("restore.dropped", "restore \(layout.restore) is finished here and being cleaned up")
        default: break
        }
        for site in record.sites where site.kind == .data && record.phase == .staged {
            guard try Disk.exists(site.staged) else { throw Failure("restore.not-staged", "\(quoted(site.staging)) is not whole", hint: "stage it again", recovery: .retry) }
        }
        return record
    }

    /// Puts back what was set aside and removes what was placed. Nothing happens when nothing was placed.
    func rollBack() throws {
        guard var record = try RestoreRecord.read(layout, agent) else { return try removeLeftovers(RestoreSite.all(of: layout)) }
        // What is only staged may go while Cassandra runs.
        if ![.staging, .staged, .cleaning].contains(record.phase) { try checkNothingRuns() }
        guard record.phase != .dropping else { throw Failure("restore.nothing-aside", "what restore \(layout.restore) had set aside was dropped: there is nothing to go back to") }
        if record.phase == .placing || record.phase == .placed {
            record.phase = .discarding
            try record.write(agent)
        }
        if record.phase == .discarding {
            try forbidStart(record)
            for site in record.sites { try move(try site.liveNames(), from: site.live, to: site.discarded) }
        }
        if record.phase == .discarding || record.phase == .settingAside {
            record.phase = .returning
            try record.write(agent)
        }
        if record.phase == .returning {
            try forbidStart(record)
            for site in record.sites { try move(try Disk.names(in: site.aside), from: site.aside, to: site.live) }
        }
        if record.phase != .cleaning {
            record.phase = .cleaning
            try record.write(agent)
        }
        try allowStart(record)
        for path in record.made where try Disk.exists(path) && Disk.names(in: path).isEmpty { try Disk.remove(path) }
        try removeLeftovers(record.sites)
        try record.remove(agent)
    }

    /// Removes what was set aside, and the staging folder. Until `place` is through, only what is staged.
    func dropAside() throws {
        guard var record = try RestoreRecord.read(layout, agent) else { return try removeLeftovers(RestoreSite.all(of: layout)) }
        switch record.phase {
        case .settingAside, .placing, .discarding, .returning:
            throw Failure("restore.unfinished", "restore \(layout.restore) stands between old and new here", hint: "finish placing it or roll it back first")
        case .staging, .staged, .cleaning, .dropping: break
        case .placed:
            try allowStart(record)
            record.phase = .dropping
            try record.write(agent)
        }
        try removeLeftovers(record.sites)
        try record.remove(agent)
    }

    private func removeLeftovers(_ sites: [RestoreSite]) throws {
        for site in sites where try Disk.exists(site.beside) {
            // The mark goes first: a staging folder of which part is gone is never taken for whole.
            try Disk.remove(site.staged)
            try Disk.remove(site.beside)
            try Disk.syncFolder(Disk.parent(of: site.beside))
        }
    }

    private func move(_ names: [String], from old: String, to new: String) throws {
        try makeFolders(new)
        for name in names { try Disk.rename("\(old)/\(name)", to: "\(new)/\(name)") }
        // The new place first: a name may be in two places after a power cut, but never in none.
        try Disk.syncFolder(new)
        if try Disk.exists(old) { try Disk.syncFolder(old) }
    }

    /// Both the folder and the one above it, which is the live folder's sibling.
    private func makeFolders(_ path: String) throws {
        let parent = Disk.parent(of: path)
        if try !Disk.exists(parent) {
            try Disk.makeFolder(parent)
            try Disk.syncFolder(Disk.parent(of: parent))
        }
        if try Disk.makeFolder(path, mode: 0o750, owner: owner) { try Disk.syncFolder(parent) }
    }

    private func forbidStart(_ record: RestoreRecord) throws {
        for site in record.sites {
            if try Disk.makeFolder(site.live, mode: 0o750, owner: owner) { try Disk.syncFolder(Disk.parent(of: site.live)) }
            guard site.kind == .data else { continue }
            let keyspace = "\(site.live)/\(RestoreSite.Sentinel.folder)", table = "\(keyspace)/\(RestoreSite.Sentinel.table)"
            try Disk.makeFolder(keyspace, mode: 0o755, owner: owner)
            try Disk.makeFolder(table, mode: 0o755, owner: owner)
            let file = try OpenFile("\(table)/\(RestoreSite.Sentinel.file)", O_WRONLY | O_CREAT, mode: 0o644)
            try file.sync()
            try Disk.syncFolder(table)
            try Disk.syncFolder(keyspace)
            try Disk.syncFolder(site.live)
        }
    }

    private func allowStart(_ record: RestoreRecord) throws {
        for site in record.sites where site.kind == .data {
            let path = "\(site.live)/\(RestoreSite.Sentinel.folder)"
            guard try Disk.exists(path) else { continue }
            try Disk.remove(path)
            try Disk.syncFolder(site.live)
        }
    }

    private func checkNothingRuns() throws(Failure) {
        let holders = parts.holders(layout.folders.all)
        guard holders.isEmpty else {
            throw Failure("cassandra.still-running", "the node's folders are held open by \(holders.joined(separator: ", "))", hint: "stop Cassandra first", recovery: .retry)
        }
    }

    /// Cassandra would look for the restored data where its configuration says now. Of a folder that the file does not name, nothing is known here.
    private func checkConfiguration() throws {
        guard let path = layout.folders.configuration, let configured = try? CassandraConfiguration.read(path, storageFolder: nil) else { return }
        let folders = layout.folders
        var changed: [String] = []
        func compare(_ setting: String, _ old: [String], _ new: [String]) throws {
            let (old, new) = (try old.map(Self.plain), try new.map(Self.plain))
            if !new.isEmpty, old != new { changed.append("\(setting) was \(old.map(quoted).joined(separator: ", ")), is \(new.map(quoted).joined(separator: ", "))") }
        }
        if !configured.dataFolders.isEmpty { try compare("data_file_directories", folders.data, configured.allDataFolders) }
        try compare("commitlog_directory", [folders.commitLog], configured.commitLog.map { [$0] } ?? [])
        if let hints = folders.hints { try compare("hints_directory", [hints], configured.hints.map { [$0] } ?? []) }
        if let caches = folders.savedCaches { try compare("saved_caches_directory", [caches], configured.savedCaches.map { [$0] } ?? []) }
        guard changed.isEmpty else {
            throw Failure("restore.folders-changed", "\(quoted(path)) has changed since the restore was planned: \(changed.joined(separator: "; "))", hint: "plan the restore again")
        }
    }

    private static func plain(_ path: String) throws -> String { try Disk.real(path) ?? "/" + path.split(separator: "/").joined(separator: "/") }
}
