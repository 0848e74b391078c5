@testable import AgentCore
import BackupModel
import CassandraNode
import Compression
import Crypto
import Foundation
import ObjectStore
import ObjectStoreDrivers
import Synchronization

/// A node's folders, a store and an agent's folder, made for one test and removed with it.
final class AgentBench {
    static let host = HostID(unchecked: "6c03c0b3-4f5e-4a0b-9c1d-0e1f2a3b4c5d")
    static let cluster = ClusterName(unchecked: "shop")
    static let storeID = ClusterID(unchecked: "0f0e0d0c-0b0a-4908-8706-050403020100")
    static let restore = RestoreID(unchecked: "01J9ZK00000000000000000001")
    static let table = "ac597be0e70e11f1ab2b1f2372a7f202"

    let root: String
    let agent: AgentFolder
    let store: FolderStore
    var folders: NodeFolders
    let notes = Notes()

    final class Notes: Sendable {
        private let all = Mutex<[Note]>([])
        func add(_ note: Note) { all.withLock { $0.append(note) } }
        var codes: [String?] { all.withLock { $0.map(\.code) } }
        var texts: [String] { all.withLock { $0.map(\.text) } }
    }

    init(folders count: Int = 1) throws {
        root = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().appendingPathComponent("aeneas-agent-\(UUID().uuidString)").path
        agent = AgentFolder(root + "/agent")
        folders = NodeFolders(data: (1...count).map { [root] in "\(root)/node/data\($0)" }, commitLog: root + "/node/commitlog", hints: root + "/node/hints")
        store = try FolderStore(path: root + "/store")
        for path in [agent.path, root + "/store"] + folders.all { try Self.makeFolder(path) }
        _ = try store.create(.store, JSONText.encodeDocument(StoreDescription(storeID: Self.storeID, created: Timestamp(milliseconds: 0))))
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    static func makeFolder(_ path: String) throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    static func backup(_ number: Int) -> BackupID { BackupID(unchecked: "20261124T14550\(number)Z-1a2b3c") }

    // MARK: a node's snapshot

    func snapshot(_ backup: Int, _ table: String = "orders", folder: Int = 0) -> String {
        "\(folders.data[folder])/shop/\(table)-\(Self.table)/snapshots/\(Self.backup(backup).snapshotTag)"
    }

    /// - Parameter size: Of `Data.db`. Its bytes depend on `seed` alone.
    func addSSTable(_ name: String = "nb-1-big", size: Int = 1000, seed: UInt8 = 1, digest: Bool = true, in snapshot: String) throws {
        var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
        let data = (0..<size).map { _ -> UInt8 in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return UInt8(truncatingIfNeeded: state)
        }
        try Self.write(data, "\(snapshot)/\(name)-Data.db")
        for component in ["Index.db", "Statistics.db", "CompressionInfo.db", "TOC.txt"] { try Self.write(Array("\(name) \(component) \(seed)".utf8), "\(snapshot)/\(name)-\(component)") }
        if digest { try Self.write(Array("\(CRC32.hash(data))".utf8), "\(snapshot)/\(name)-Digest.crc32") }
        try list(snapshot)
    }

    func list(_ snapshot: String) throws {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: snapshot))?.filter { $0.hasSuffix("-Data.db") } ?? []
        try Self.write(Array(#"{"files":[\#(names.map { "\"\($0)\"" }.joined(separator: ","))]}"#.utf8), snapshot + "/manifest.json")
    }

    /// As Cassandra does: links to the same files under another tag.
    func link(_ old: Int, to new: Int, _ table: String = "orders", folder: Int = 0) throws {
        try FileManager.default.createDirectory(atPath: snapshot(new, table, folder: folder), withIntermediateDirectories: true)
        for name in try FileManager.default.contentsOfDirectory(atPath: snapshot(old, table, folder: folder)) {
            try FileManager.default.linkItem(atPath: snapshot(old, table, folder: folder) + "/" + name, toPath: snapshot(new, table, folder: folder) + "/" + name)
        }
    }

    static func write(_ bytes: [UInt8], _ path: String) throws {
        try makeFolder((path as NSString).deletingLastPathComponent)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    static func bytes(_ path: String) -> [UInt8]? { FileManager.default.contents(atPath: path).map(Array.init) }

    /// Another modification time: what was known of the file no longer holds.
    static func touch(_ path: String) throws { utimensat(AT_FDCWD, path, nil, 0) }

    /// As on a rebuilt host: nothing is known here of earlier backups.
    func forgetCache() throws { try FileManager.default.removeItem(atPath: agent.path + "/cache") }

    /// Changes a file's bytes and neither size, inode nor time: what a manifest remembers of it stays true.
    static func flip(_ path: String, at offset: Int = 100) throws {
        var status = stat()
        lstat(path, &status)
        let file = open(path, O_RDWR)
        var byte: UInt8 = 0
        pread(file, &byte, 1, off_t(offset))
        byte ^= 0x40
        pwrite(file, &byte, 1, off_t(offset))
        var times = [status.st_atim, status.st_mtim]
        futimens(file, &times)
        close(file)
    }

    // MARK: jobs

    var parts: AgentParts {
        let path = root + "/store"
        return AgentParts(
            version: "test", openStore: { try openStore($0) }, openNode: { _ in throw Failure("test.no-node", "no node for store \(path)") }, holders: { _ in [] })
    }

    func context(_ stop: StopSignal = StopSignal(), parts: AgentParts? = nil, lease: Int = 60) throws -> JobContext {
        let folder = agent.job(JobID(unchecked: "01J9ZK0000000000000000JB0B"))
        try agent.makeFolders(to: folder.path)
        let notes = notes
        return JobContext(
            parts: parts ?? self.parts, agent: agent, folder: folder, followers: FollowerWatch(try JobLease(folder.lease), seconds: lease), stop: stop, meter: ProgressMeter(phase: "test"), note: { notes.add($0) })
    }

    func uploadWork(_ backup: Int = 1, workers: Int = 2, previous: PreviousManifest? = nil, rate: Int? = nil) -> UploadWork {
        UploadWork(
            store: .folder(path: root + "/store"), storeID: Self.storeID,
            node: ManifestNode(
                cluster: Self.cluster, clusterID: Self.storeID, backup: Self.backup(backup), hostID: Self.host, address: "10.0.0.7", datacenter: "dc1", rack: "rack1", tokens: ["1"],
                release: "5.0.6", dataFolders: folders.data, snapshotStarted: Timestamp(milliseconds: 1), snapshotEnded: Timestamp(milliseconds: 2)),
            folders: folders, keyspaces: [], transfer: Transfer(workers: workers, bytesPerSecond: rate), previousManifest: previous)
    }

    func upload(_ backup: Int = 1, previous: PreviousManifest? = nil) throws -> UploadResult { try UploadJob(uploadWork(backup, previous: previous), context()).run() }

    var layout: RestoreLayout { RestoreLayout(restore: Self.restore, folders: folders) }

    func stageWork(_ sha256: SHA256Hex, backup: Int = 1, without: [TablePath] = []) -> StageWork {
        StageWork(
            store: .folder(path: root + "/store"), cluster: Self.cluster, backup: Self.backup(backup), source: Self.host, manifestSHA256: sha256, layout: layout, without: without,
            transfer: Transfer(workers: 2))
    }

    func verify(_ sha256: SHA256Hex, backup: Int = 1) throws -> VerifyResult {
        try VerifyJob(
            VerifyWork(
                store: .folder(path: root + "/store"), cluster: Self.cluster, backup: Self.backup(backup), source: Self.host, manifestSHA256: sha256, transfer: Transfer(workers: 2)),
            context()
        ).run()
    }

    /// All objects with their bytes' digests, but `aeneas.json`.
    func objects() throws -> [String: String] {
        var found: [String: String] = [:]
        for object in try store.list(prefix: "clusters/") { found[object.key.text] = SHA256.hash(try store.read(object.key, limit: 1 << 30)).hex }
        return found
    }

    /// Relative paths of all files below a folder with their digests; folders without anything in them end with '/'.
    static func tree(_ path: String) -> [String: String] {
        var found: [String: String] = [:]
        func walk(_ path: String, _ relative: String) {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return }
            guard isFolder.boolValue else { return found[relative] = SHA256.hash(bytes(path) ?? []).hex }
            let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            if names.isEmpty { found[relative + "/"] = "" }
            for name in names { walk(path + "/" + name, relative.isEmpty ? name : relative + "/" + name) }
        }
        walk(path, "")
        return found
    }
}

/// The failure that `body` throws; nil when it throws none.
func failure(_ body: () throws -> Void) -> Failure? {
    do {
        try body()
        return nil
    } catch {
        return Failure(error)
    }
}
