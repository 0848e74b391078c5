import BackupModel
import CassandraNode
import Glibc
import ObjectStore
import Synchronization

/// Uploads a node's snapshot as far as the store lacks it, and then its manifest.
///
/// What is known from the manifest before (the agent's own copy, else the store's) and from a try that broke off is neither read nor sent.
struct UploadJob {
    let work: UploadWork
    let context: JobContext
    let store: any ObjectStore

    private var cache: String { context.agent.cache(store: work.storeID, cluster: work.node.clusterID) }
    private var cachedManifest: String { context.agent.cachedManifest(store: work.storeID, cluster: work.node.clusterID, host: work.node.hostID) }
    private var partialPath: String { context.agent.partial(store: work.storeID, cluster: work.node.clusterID, host: work.node.hostID, backup: work.node.backup) }

    init(_ work: UploadWork, _ context: JobContext) throws {
        self.work = work
        self.context = context
        store = try context.parts.openStore(work.store)
    }

    func run() throws -> UploadResult {
        var found = Snapshot()
        try SnapshotReader.forEachTable(tag: work.tag, folders: work.folders.data, keyspaces: Set(work.keyspaces)) { found.add($0) }
        let snapshot = found
        context.meter.update {
            $0.itemsTotal = snapshot.count
            $0.bytesTotal = snapshot.bytes
        }
        try context.agent.makeFolders(to: cache)
        let stored = try StoredObjects(prefix: ObjectKey.dataPrefix(work.node.cluster, work.node.hostID), in: store, stop: context.stop)
        var known = KnownSSTables(work, stored: stored)
        try learn(&known)
        let partial = try PartialManifest(partialPath) { known.add($1, of: $0, at: $2) }
        let tally = Tally(count: snapshot.count)
        try upload(snapshot, stored: stored, known: known, partial: partial, tally: tally)
        let (sha256, size, counts, damaged) = try finish(snapshot, tally)
        return tally.result(sha256, size, counts, damaged, gcGraceSeconds: snapshot.gcGraceSeconds, requests: store.requests)
    }

    /// Removes the snapshot, for when nobody comes back for it. Its files are links: the node's data stay.
    func clearSnapshot() {
        do {
            try SnapshotReader.remove(tag: work.tag, folders: work.folders.data)
        } catch {
            context.note(Note(.warning, "\(Failure(error))", code: "cassandra.snapshot-not-cleared"))
        }
    }

    private func upload(_ snapshot: Snapshot, stored: StoredObjects, known: KnownSSTables, partial: PartialManifest, tally: Tally) throws {
        let rate = RateLimit(bytesPerSecond: work.transfer.bytesPerSecond), node = work.node, store = store, context = context
        // The largest first: otherwise one that begins last is waited for alone.
        let order = (0..<snapshot.count).sorted { snapshot.size(of: $0) > snapshot.size(of: $1) }
        try context.workers(work.transfer).each(order) { at, watch in
            let (table, sstable) = snapshot[at]
            if let known = known.unchanged(sstable, of: table) {
                tally.reused(at, known)
                context.meter.update {
                    $0.itemsDone += 1
                    $0.bytesDone += snapshot.size(of: at)
                    $0.bytesReused += snapshot.size(of: at)
                }
                return
            }
            context.meter.update { $0.current = "\(table.keyspace).\(table.name) \(sstable.name)" }
            let place = table.place(cluster: node.cluster, host: node.hostID, index: sstable.index, sstable: sstable.name)
            let described = try SSTableUpload(
                sstable: sstable, table: table, place: place, store: store, stored: stored, known: known, rate: rate, watch: watch, meter: context.meter, sent: tally.sent
            ).run()
            if let damage = described.damagedAtSource { context.note(.damaged(sstable, of: table, damage)) }
            tally.done(at, try partial.add(table, described), isDamaged: described.damagedAtSource != nil)
            context.meter.update { $0.itemsDone += 1 }
        }
    }

    private func learn(_ known: inout KnownSSTables) throws {
        for name in try Disk.names(in: cache) where name.hasPrefix("\(work.node.hostID).partial-") && "\(cache)/\(name)" != partialPath {
            try PartialManifest.read("\(cache)/\(name)") { known.add($1, of: $0, at: $2) }
        }
        guard let file = try previous() else { return }
        let lines = try UnpackedLines(in: context.folder.path)
        var table: TableKey?, read = known
        do {
            _ = try ManifestStream.read(file) { line, bytes in
                switch line {
                case .table(let value): table = TableKey(value)
                case .sstable(let value): if let table { read.add(value, of: table, at: try lines.add(bytes)) }
                case .node, .end: break
                }
            }
            try lines.flush()
            known = read
        } catch let error as ManifestError {
            // It only saves work: without it everything is read, as in the first backup.
            context.note(Note(.warning, "the last backup's manifest is not used: \(error)", code: error.failure.code))
        }
    }

    private func previous() throws -> OpenFile? {
        if try Disk.exists(cachedManifest) { return try OpenFile.reading(cachedManifest) }
        guard let previous = work.previousManifest else { return nil }
        let key = ObjectKey.manifest(work.node.cluster, previous.backup, work.node.hostID), stop = context.stop
        do {
            return try ManifestStream.download(
                key, sha256: previous.sha256, from: store, to: context.folder.path + "/previous.jsonl.gz", transfer: TransferControl(isCancelled: { stop.isSet }))
        } catch {
            try context.stop.check()
            context.note(Note(.warning, "the last backup's manifest is not used: \(Failure(error))", code: Failure(error).code))
            return nil
        }
    }
}

extension UploadJob {
    /// Writes the manifest, sends it, and keeps it for the next backup.
    private func finish(_ snapshot: Snapshot, _ tally: Tally) throws -> (SHA256Hex, size: Int, ManifestEnd, [DamagedSSTable]) {
        let path = context.folder.path + "/manifest.jsonl.gz"
        var writer = try ManifestWriter(path), counts = ManifestEnd(), damaged: [DamagedSSTable] = [], at = 0
        try writer.write(.node(work.node))
        for (table, count) in snapshot.tables {
            try context.stop.check()
            try writer.write(.table(table))
            counts.tables += 1
            for _ in 0..<count {
                let bytes = try tally.spot(at).bytes()
                counts.sstables += 1
                counts.files += snapshot.files(of: at)
                counts.bytes += snapshot.size(of: at)
                // Only these are decoded: decoding all would take a quarter of the time of a backup in which nothing has changed.
                if tally.isDamaged(at), case .sstable(let sstable) = try JSONText.decode(ManifestLine.self, from: bytes), let damage = sstable.damagedAtSource {
                    damaged.append(DamagedSSTable(sstable, of: table, damage))
                }
                try writer.write(bytes[...])
                at += 1
            }
        }
        counts.damaged = damaged.count
        try writer.write(.end(counts))
        let sha256 = try writer.finish()
        try publish(path, size: writer.size, sha256: sha256)
        try Disk.rename(path, to: cachedManifest)
        try Disk.syncFolder(cache)
        for name in try Disk.names(in: cache) where name.hasPrefix("\(work.node.hostID).partial-") { try Disk.remove("\(cache)/\(name)") }
        return (sha256, writer.size, counts, damaged)
    }

    /// Creates the manifest's object once. One that is there already may be our own, of a try whose end nobody saw.
    private func publish(_ path: String, size: Int, sha256: SHA256Hex) throws {
        let key = ObjectKey.manifest(work.node.cluster, work.node.backup, work.node.hostID)
        // A large one (of 15,000 SSTables and more) is not held in memory for the sake of one atomic call: this job alone writes that key.
        if size <= 8 << 20 {
            guard let bytes = try Disk.contents(path, limit: size), try !store.create(key, bytes) else { return }
        } else if try store.size(of: key) == nil {
            let file = try OpenFile.reading(path), stop = context.stop
            return try store.upload(key, size: size, transfer: TransferControl(isCancelled: { stop.isSet })) { try file.read(into: $0) }
        }
        do {
            _ = try ManifestStream.download(key, sha256: sha256, from: store, to: path + ".there", transfer: TransferControl())
        } catch let failure as Failure where failure.code == "manifest.changed" {
            throw Failure("manifest.exists", "there is another manifest already at '\(key)' in \(store.place)", hint: "was a backup with this id taken before? start a new one")
        }
        try Disk.remove(path + ".there")
    }
}

/// What the workers have done so far.
private final class Tally: Sendable {
    private struct State {
        var spots: [LineSpot?]
        var damaged: Set<Int> = []
        var sentObjects = 0
        var sentBytes = 0
        var reused = 0
    }

    private let state: Mutex<State>
    init(count: Int) { state = Mutex(State(spots: Array(repeating: nil, count: count))) }

    func reused(_ at: Int, _ known: KnownSSTables.Known) {
        done(at, known.spot, isDamaged: known.isDamaged)
        state.withLock { $0.reused += 1 }
    }

    func done(_ at: Int, _ spot: LineSpot, isDamaged: Bool) {
        state.withLock {
            $0.spots[at] = spot
            if isDamaged { $0.damaged.insert(at) }
        }
    }

    func sent(_ bytes: Int) {
        state.withLock {
            $0.sentObjects += 1
            $0.sentBytes += bytes
        }
    }

    func spot(_ at: Int) -> LineSpot { state.withLock { $0.spots[at]! } }
    func isDamaged(_ at: Int) -> Bool { state.withLock { $0.damaged.contains(at) } }

    func result(
        _ sha256: SHA256Hex, _ size: Int, _ counts: ManifestEnd, _ damaged: [DamagedSSTable], gcGraceSeconds: [String: Int], requests: Int
    ) -> UploadResult {
        state.withLock {
            UploadResult(
                manifestSHA256: sha256, manifestSize: size, counts: counts, sentObjects: $0.sentObjects, sentBytes: $0.sentBytes, reusedSSTables: $0.reused, requests: requests,
                damaged: damaged, gcGraceSeconds: gcGraceSeconds)
        }
    }
}

extension DamagedSSTable {
    fileprivate init(_ sstable: ManifestSSTable, of table: ManifestTable, _ damage: SourceDamage) {
        self.init(keyspace: table.keyspace, table: table.name, tableID: table.id, index: sstable.index, sstable: sstable.name, damage: damage)
    }
}

extension Note {
    fileprivate static func damaged(_ sstable: SnapshotSSTable, of table: TableKey, _ damage: SourceDamage) -> Note {
        Note(
            .warning, "'\(sstable.directory)/\(sstable.name)-Data.db' is damaged on the node: its CRC-32 is \(damage.found), its Digest.crc32 says \(quoted(damage.expected))",
            code: "cassandra.sstable-damaged")
    }
}
