@testable import AgentCore
import BackupModel
import Compression
import Crypto
import Foundation
import ObjectStore
import ObjectStoreDrivers
import Testing

@Suite struct StageTests {
    private func stage(_ bench: AgentBench, _ work: StageWork) throws -> StageResult {
        let outcome = JobWork.stage(work).carryOut(try bench.context())
        switch outcome {
        case .succeeded(.staged(let result)): return result
        case .succeeded: throw Failed(text: "not a stage's result")
        case .failed(let failure): throw failure
        }
    }

    private func besides(_ bench: AgentBench, _ folder: Int = 0) -> String { "\(bench.folders.data[folder]).aeneas-\(AgentBench.restore)" }

    /// What a snapshot holds, as it must lie in the live folders: without Cassandra's own lists.
    private func expected(_ bench: AgentBench, folder: Int = 0) -> [String: String] {
        var files: [String: String] = [:]
        for (path, digest) in AgentBench.tree(bench.folders.data[folder]) where !path.hasSuffix("manifest.json") {
            files[path.replacingOccurrences(of: "snapshots/\(AgentBench.backup(1).snapshotTag)/", with: "")] = digest
        }
        return files
    }

    @Test("staging brings back every byte beside the live folders, and nothing into them")
    func whole() throws {
        let bench = try AgentBench(folders: 2)
        for number in 1...4 { try bench.addSSTable("nb-\(number)-big", size: number * 70_000, seed: UInt8(number), in: bench.snapshot(1, folder: number % 2)) }
        let manifest = try bench.upload(1)
        let live = AgentBench.tree(bench.root + "/node")
        let result = try stage(bench, bench.stageWork(manifest.manifestSHA256))
        #expect(result.counts == manifest.counts && result.reusedSSTables == 0)
        for folder in 0...1 { #expect(AgentBench.tree(besides(bench, folder) + "/staging") == expected(bench, folder: folder)) }
        #expect(AgentBench.tree(bench.root + "/node").filter { !$0.key.contains(".aeneas-") } == live)
        #expect(try RestoreStatus.of(bench.layout, bench.agent) == RestoreStatus(step: .staged, asideBytes: 0))
    }

    private static let captures = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().appendingPathComponent("../../../../shared/fixtures/data").standardized.path

    @Test(
        "a real node's snapshot is uploaded, staged and verified byte for byte",
        .enabled(if: FileManager.default.fileExists(atPath: captures), "no captured data beside the source tree"), arguments: ["4.0.19", "4.1.10", "5.0.6", "5.0.6-latest"])
    func captured(release: String) throws {
        let bench = try AgentBench()
        try AgentBench.makeFolder(bench.root + "/captured")
        try run("tar", ["-xJf", "\(Self.captures)/\(release).tar.xz", "-C", bench.root + "/captured", "--no-same-owner"])
        let names = try FileManager.default.contentsOfDirectory(atPath: bench.root + "/captured").filter { $0.hasPrefix("data") }.sorted()
        bench.folders = NodeFolders(data: names.map { "\(bench.root)/captured/\($0)" }, commitLog: bench.root + "/node/commitlog")
        try run("find", [bench.root + "/captured", "-depth", "-name", "aeneas_sample", "-execdir", "mv", "{}", AgentBench.backup(1).snapshotTag.rawValue, ";"])
        let manifest = try bench.upload(1)
        #expect(manifest.damaged.isEmpty && manifest.counts.sstables > 20)
        #expect(manifest.gcGraceSeconds.values.contains(3600))
        #expect(try bench.verify(manifest.manifestSHA256).faults.isEmpty)
        _ = try stage(bench, bench.stageWork(manifest.manifestSHA256))
        for folder in bench.folders.data {
            let staged = AgentBench.tree("\(folder).aeneas-\(AgentBench.restore)/staging").filter { !$0.key.hasSuffix("/") }
            var taken: [String: String] = [:]
            for (path, digest) in AgentBench.tree(folder) where path.contains("/\(AgentBench.backup(1).snapshotTag)/") && !path.hasSuffix("manifest.json") && !path.hasSuffix("schema.cql") {
                taken[path.replacingOccurrences(of: "snapshots/\(AgentBench.backup(1).snapshotTag)/", with: "")] = digest
            }
            #expect(!staged.isEmpty && staged == taken)
        }
    }

    @Test("a flipped or cut object fails the staging before anything live is touched", arguments: ["Data.db.", "components.tar.", "nodes/"])
    func damaged(part: String) throws {
        for cut in [false, true] {
            let bench = try AgentBench()
            try bench.addSSTable(size: 5000, in: bench.snapshot(1))
            let manifest = try bench.upload(1), key = try #require(try bench.objects().keys.first { $0.contains(part) }), path = bench.root + "/store/" + key
            if cut { try AgentBench.write(Array(AgentBench.bytes(path)!.dropLast(3)), path) } else { try AgentBench.flip(path, at: 20) }
            let live = AgentBench.tree(bench.folders.data[0])
            let refused = failure { _ = try stage(bench, bench.stageWork(manifest.manifestSHA256)) }
            #expect(refused?.code == (part == "nodes/" ? "manifest.changed" : "store.object-damaged"))
            #expect(refused?.summary.contains(key) == true)
            #expect(AgentBench.tree(bench.folders.data[0]) == live)
            #expect(refusal(placing: bench)?.code == "restore.not-staged")
        }
    }

    private func refusal(placing bench: AgentBench) -> Failure? { failure { try Placement(bench.layout, agent: bench.agent, parts: bench.parts).place() } }

    @Test("a staging begun again keeps the SSTables that are whole and brings the others")
    func resumed() throws {
        let bench = try AgentBench()
        for number in 1...3 { try bench.addSSTable("nb-\(number)-big", size: 50_000, seed: UInt8(number), in: bench.snapshot(1)) }
        let manifest = try bench.upload(1)
        _ = try stage(bench, bench.stageWork(manifest.manifestSHA256))
        let staged = "\(besides(bench))/staging/shop/orders-\(AgentBench.table)"
        try AgentBench.flip(staged + "/nb-1-big-Data.db")
        try FileManager.default.removeItem(atPath: staged + "/nb-2-big-TOC.txt")
        #expect(try stage(bench, bench.stageWork(manifest.manifestSHA256)).reusedSSTables == 1)
        #expect(AgentBench.tree(besides(bench) + "/staging") == expected(bench))
    }

    @Test("tables left out are not staged; one without SSTables has its folder; fewer target folders take all")
    func tables() throws {
        let bench = try AgentBench(folders: 2)
        try bench.addSSTable("nb-1-big", in: bench.snapshot(1, "orders", folder: 0))
        try bench.addSSTable("nb-2-big", in: bench.snapshot(1, "orders", folder: 1))
        try bench.addSSTable("nb-1-big", in: bench.snapshot(1, "paxos"))
        try AgentBench.makeFolder(bench.snapshot(1, "empty"))
        try bench.list(bench.snapshot(1, "empty"))
        let manifest = try bench.upload(1)
        bench.folders.data.removeLast()
        let without = [TablePath(keyspace: KeyspaceName(unchecked: "shop"), table: TableName(unchecked: "paxos"))]
        let result = try stage(bench, bench.stageWork(manifest.manifestSHA256, without: without))
        #expect(result.counts.tables == 2 && result.counts.sstables == 2)
        let staged = AgentBench.tree(besides(bench) + "/staging/shop").keys
        #expect(staged.contains("empty-\(AgentBench.table)/") && !staged.contains { $0.hasPrefix("paxos") })
        #expect(staged.contains("orders-\(AgentBench.table)/nb-2-big-Data.db"))
    }

    @Test("a manifest of another backup, node or cluster is refused under this one's name")
    func swapped() throws {
        let bench = try AgentBench()
        try bench.addSSTable(in: bench.snapshot(1))
        let manifest = try bench.upload(1)
        let from = ObjectKey.manifest(AgentBench.cluster, AgentBench.backup(1), AgentBench.host), to = ObjectKey.manifest(AgentBench.cluster, AgentBench.backup(2), AgentBench.host)
        _ = try bench.store.create(to, bench.store.read(from, limit: 1 << 20))
        #expect(failure { _ = try stage(bench, bench.stageWork(manifest.manifestSHA256, backup: 2)) }?.code == "manifest.other-backup")
    }

    @Test(
        "a manifest with a hostile name is refused and leaves nothing behind",
        arguments: [
            (#""name":"nb-1-big""#, #""name":"../../etc""#), (#""component":"Index.db""#, #""component":"../x""#), (#""component":"Index.db""#, #""component":"a\u0000b""#),
            (#""keyspace":"shop""#, #""keyspace":"..""#), (#""keyspace":"shop""#, #""keyspace":"-rf""#), (#""keyspace":"shop""#, #""keyspace":"sh\nop""#),
            (#""keyspace":"shop""#, #""keyspace":"sh'op""#), (#""component":"Index.db""#, #""component":"Data.db""#), (#""folder":0"#, #""folder":7"#),
            (#""line":"end""#, #""line":"end","x":1}{"#), (#""format":1"#, #""format":2"#),
        ])
    func hostile(from: String, to: String) throws {
        let bench = try AgentBench()
        try bench.addSSTable(in: bench.snapshot(1))
        _ = try bench.upload(1)
        let key = ObjectKey.manifest(AgentBench.cluster, AgentBench.backup(1), AgentBench.host), reader = GzipReader(limit: 1 << 20), writer = GzipWriter()
        let text = String(decoding: try reader.update(try bench.store.read(key, limit: 1 << 20)), as: UTF8.self)
        #expect(text.contains(from))
        let changed = writer.update(Array(text.replacingOccurrences(of: from, with: to).utf8)) + writer.finish()
        try bench.store.delete([key])
        _ = try bench.store.create(key, changed)
        let live = AgentBench.tree(bench.folders.data[0])
        let refused = failure { _ = try stage(bench, bench.stageWork(SHA256Hex(SHA256.hash(changed)))) }
        #expect(["manifest.damaged", "manifest.newer-format"].contains(refused?.code))
        #expect(AgentBench.tree(bench.folders.data[0]) == live && AgentBench.tree(besides(bench) + "/staging").isEmpty)
    }

    /// Only root may mount, and not in every container.
    private static let canMount: Bool = {
        guard let bench = try? AgentBench(), (try? run("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", bench.folders.commitLog])) != nil else { return false }
        return (try? run("umount", [bench.folders.commitLog])) != nil
    }()

    @Test("a full file system fails the staging, removes it, and leaves live data alone", .enabled(if: canMount, "mounting a tmpfs is not permitted"))
    func noSpace() throws {
        let bench = try AgentBench()
        try bench.addSSTable(size: 3_000_000, in: bench.snapshot(1))
        let manifest = try bench.upload(1)
        try AgentBench.makeFolder(bench.root + "/small")
        try run("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", bench.root + "/small"])
        defer { _ = try? run("umount", [bench.root + "/small"]) }
        try AgentBench.write(Array(repeating: 1, count: 2_000_000), bench.root + "/small/data/live")
        bench.folders = NodeFolders(data: [bench.root + "/small/data"], commitLog: bench.root + "/small/commitlog")
        #expect(failure { _ = try stage(bench, bench.stageWork(manifest.manifestSHA256)) }?.code == "restore.no-space")
        // Now with the space gone only after it was counted.
        let work = bench.stageWork(manifest.manifestSHA256), path = bench.root + "/small/filler"
        try FileManager.default.removeItem(atPath: bench.root + "/small/data/live")
        try AgentBench.write([1], bench.root + "/small/data/live")
        var parts = bench.parts
        parts.openStore = { access in
            FillingStore(try openStore(access)) { _ = FileManager.default.createFile(atPath: path, contents: Data(count: 2_500_000)) }
        }
        let outcome = JobWork.stage(work).carryOut(try bench.context(parts: parts))
        guard case .failed(let failure) = outcome else { return #expect(Bool(false), "it was staged") }
        #expect(failure.code == "restore.no-space" && failure.summary.contains("small/data"))
        #expect(AgentBench.tree(bench.root + "/small").keys.sorted() == ["data/live", "filler"])
    }

    @Test("a data folder that is a mount point is refused; a commit log that is one is set aside within itself", .enabled(if: canMount, "mounting a tmpfs is not permitted"))
    func mountPoint() throws {
        let bench = try AgentBench()
        try run("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", bench.folders.data[0]])
        defer { _ = try? run("umount", [bench.folders.data[0]]) }
        #expect(failure { _ = try RestoreSite.all(of: bench.layout) }?.code == "restore.staging-elsewhere")
        let other = try AgentBench()
        try run("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", other.folders.commitLog])
        defer { _ = try? run("umount", [other.folders.commitLog]) }
        #expect(try RestoreSite.all(of: other.layout)[1].beside == other.folders.commitLog + "/.aeneas-\(AgentBench.restore)")
    }

    @Test("a cancelled staging removes what it brought")
    func cancelled() throws {
        let bench = try AgentBench()
        try bench.addSSTable(size: 500_000, in: bench.snapshot(1))
        let manifest = try bench.upload(1), stop = StopSignal()
        var parts = bench.parts
        parts.openStore = { access in FillingStore(try openStore(access)) { stop.stop(Failure("run.cancelled", "cancelled")) } }
        let outcome = JobWork.stage(bench.stageWork(manifest.manifestSHA256)).carryOut(try bench.context(stop, parts: parts))
        guard case .failed(let failure) = outcome else { return #expect(Bool(false), "it was staged") }
        #expect(failure.code == "run.cancelled")
        #expect(!FileManager.default.fileExists(atPath: besides(bench)))
        #expect(try RestoreStatus.of(bench.layout, bench.agent).step == .none)
    }
}

/// A store that does something before the first object of data is read.
private final class FillingStore: ObjectStore {
    private let store: any ObjectStore
    private let act: @Sendable () -> Void

    init(_ store: any ObjectStore, _ act: @escaping @Sendable () -> Void) {
        self.store = store
        self.act = act
    }

    var place: String { store.place }
    var requests: Int { store.requests }
    func create(_ key: ObjectKey, _ bytes: [UInt8]) throws(StoreError) -> Bool { try store.create(key, bytes) }
    func upload(_ key: ObjectKey, size: Int, transfer: TransferControl, body: ObjectBody) throws(StoreError) { try store.upload(key, size: size, transfer: transfer, body: body) }
    func download(_ key: ObjectKey, transfer: TransferControl, sink: (UnsafeRawBufferPointer) throws -> Void) throws(StoreError) {
        if key.text.contains("/data/") { act() }
        try store.download(key, transfer: transfer, sink: sink)
    }
    func size(of key: ObjectKey) throws(StoreError) -> Int? { try store.size(of: key) }
    func list(prefix: String, page: ([ListedObject]) throws -> Void, foreign: (String) -> Void) throws(StoreError) { try store.list(prefix: prefix, page: page, foreign: foreign) }
    func delete(_ keys: [ObjectKey]) throws(StoreError) { try store.delete(keys) }
    func probe() throws(StoreError) -> StoreTraits { try store.probe() }
}
