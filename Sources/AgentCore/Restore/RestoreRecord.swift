import BackupModel
import Crypto
import Glibc

/// How far a restore has got on this node: `restores/<restore id>-<node>.json`, on the disk before each phase begins.
///
/// A host may run several nodes, all worked on by one agent: the file is told apart by the node's data folders, never by the restore alone.
struct RestoreRecord: Codable, Sendable {
    enum Phase: String, Codable, Sendable {
        /// Something is, or is being, staged; nothing live has been touched.
        case staging
        case staged
        /// Names are moving from the live folders to `aside`.
        case settingAside
        /// Names are moving from `staging` to the live folders.
        case placing
        case placed
        /// Names are moving from the live folders to `discarded`.
        case discarding
        /// Names are moving from `aside` to the live folders.
        case returning
        /// The live folders are as they were; what is beside them is being removed.
        case cleaning
        /// The live folders are as restored; what is beside them is being removed.
        case dropping
    }

    var format = 1
    var restore: RestoreID
    /// As `node(_:)` makes it.
    var node: String
    var phase: Phase
    var sites: [RestoreSite]
    /// Live folders that were not there before.
    var made: [String] = []

    init(_ layout: RestoreLayout, phase: Phase, sites: [RestoreSite]) {
        restore = layout.restore
        node = Self.node(layout)
        self.phase = phase
        self.sites = sites
    }

    /// 16 hex digits over the node's data folders.
    static func node(_ layout: RestoreLayout) -> String { String(SHA256.hash(layout.folders.data.joined(separator: "\0")).hex.prefix(16)) }

    static func read(_ layout: RestoreLayout, _ agent: AgentFolder) throws -> RestoreRecord? {
        let path = agent.restore(layout.restore, node: node(layout))
        guard let bytes = try Disk.contents(path, limit: 1 << 20) else { return nil }
        do {
            return try JSONText.decode(RestoreRecord.self, from: bytes)
        } catch {
            throw Failure("restore.record-unreadable", "unable to read \(quoted(path)): \(error)", recovery: .bug)
        }
    }

    func write(_ agent: AgentFolder) throws {
        let path = agent.restore(restore, node: node)
        try agent.makeFolders(to: Disk.parent(of: path))
        try Disk.replace(path, with: JSONText.encodeDocument(self))
    }

    func remove(_ agent: AgentFolder) throws {
        let path = agent.restore(restore, node: node)
        try Disk.remove(path)
        try Disk.syncFolder(Disk.parent(of: path))
    }

    var step: RestoreStatus.Step {
        switch phase {
        case .staging, .staged: .staged
        case .settingAside, .placing: .placing
        case .placed, .dropping: .placed
        case .discarding, .returning, .cleaning: .rollingBack
        }
    }
}

extension RestoreStatus {
    static func of(_ layout: RestoreLayout, _ agent: AgentFolder) throws -> RestoreStatus {
        let record = try RestoreRecord.read(layout, agent)
        let sites = try record?.sites ?? RestoreSite.all(of: layout)
        var aside = 0, isStaged = false
        for site in sites {
            aside += try Disk.bytes(below: site.aside)
            isStaged = try isStaged || Disk.exists(site.staging)
        }
        return RestoreStatus(step: record?.step ?? (isStaged ? .staged : .none), asideBytes: aside)
    }
}
