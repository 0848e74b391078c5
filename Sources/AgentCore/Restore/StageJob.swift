import BackupModel
import CassandraNode
import Glibc
import ObjectStore
import Synchronization

/// Downloads one node's part of a backup beside the live folders and verifies every byte of it. The live folders are not touched.
struct StageJob {
    let work: StageWork
    let context: JobContext
    let store: any ObjectStore
    private let owner: Ownership?

    init(_ work: StageWork, _ context: JobContext) throws {
        self.work = work
        self.context = context
        store = try context.parts.openStore(work.store)
        owner = Ownership(work.layout.folders.owner)
    }

    func run() throws -> StageResult {
        let sites = try RestoreSite.all(of: work.layout), data = sites.filter { $0.kind == .data }
        var record = try begin(sites)
        let key = ObjectKey.manifest(work.cluster, work.backup, work.source), stop = context.stop
        let manifest = try ManifestStream.download(
            key, sha256: work.manifestSHA256, from: store, to: context.folder.path + "/manifest.jsonl.gz", transfer: TransferControl(isCancelled: { stop.isSet }))
        let plan = try StagePlan(manifest, work: work, sites: data, folder: context.folder)
        context.meter.update {
            $0.itemsTotal = plan.sstables.count
            $0.bytesTotal = plan.bytes.reduce(0, +)
        }
        try checkSpace(plan, data)
        let reused = try fill(plan, data)
        for site in data { try Disk.replace(site.staged, with: JSONText.encodeDocument(StagedMark(restore: work.layout.restore, manifestSHA256: work.manifestSHA256))) }
        record.phase = .staged
        try record.write(context.agent)
        return StageResult(counts: plan.counts, reusedSSTables: reused)
    }

    private struct StagedMark: Codable {
        var restore: RestoreID
        var manifestSHA256: SHA256Hex
    }

    private func begin(_ sites: [RestoreSite]) throws -> RestoreRecord {
        if let record = try RestoreRecord.read(work.layout, context.agent), record.phase != .staging, record.phase != .staged {
            throw Failure("restore.already-placed", "restore \(work.layout.restore) has gone further than staging here", hint: "roll it back first, or begin another restore")
        }
        let record = RestoreRecord(work.layout, phase: .staging, sites: sites)
        for site in sites { try Disk.remove(site.staged) }
        try record.write(context.agent)
        return record
    }

    /// Removes what is staged: the restore was given up.
    func clean() {
        do {
            for site in try RestoreSite.all(of: work.layout) where site.kind == .data {
                try Disk.remove(site.staged)
                try Disk.remove(site.staging)
                if try Disk.names(in: site.beside).isEmpty { try Disk.remove(site.beside) }
            }
            try RestoreRecord.read(work.layout, context.agent)?.remove(context.agent)
        } catch {
            context.note(Note(.warning, "what was staged could not be removed: \(Failure(error))", code: Failure(error).code))
        }
    }

    /// 5 of 100 stay free: a full file system would stop other nodes' work on it as well.
    private func checkSpace(_ plan: StagePlan, _ data: [RestoreSite]) throws {
        var needed: [Int: Int] = [:], spaces: [Int: FolderSpace] = [:]
        for (at, site) in data.enumerated() {
            let space = try FolderSpace(of: Disk.parent(of: site.live))
            spaces[space.device] = space
            needed[space.device, default: 0] += max(0, plan.bytes[at] - (try Disk.bytes(below: site.staging)))
        }
        for (device, space) in spaces where needed[device, default: 0] > space.free - space.total / 20 {
            throw Failure(
                "restore.no-space", "\(needed[device, default: 0]) bytes are needed beside the data folders in \(quoted(space.path)), \(max(0, space.free - space.total / 20)) may be used",
                hint: "the old data stay until the restore is done: free space there, or restore to a larger disk")
        }
    }

    /// - Returns: SSTables that an earlier try had left whole.
    private func fill(_ plan: StagePlan, _ data: [RestoreSite]) throws -> Int {
        let owner = owner
        let folders = try data.map { site in
            try Disk.makeFolder(site.beside)
            return try OpenFolder(site.beside).subfolder(making: "staging", mode: 0o750, owner: owner)
        }
        // Cassandra makes the folders of all other tables itself; those without an SSTable show that the table was there.
        for table in plan.tables { _ = try folders[0].subfolder(making: table.keyspace.rawValue, owner: owner).subfolder(making: table.folder, owner: owner) }
        let rate = RateLimit(bytesPerSecond: work.transfer.bytesPerSecond), reused = Tally(), context = context, store = store, work = work
        try context.workers(work.transfer).each(plan.sstables.indices.sorted { plan.sstables[$0].size > plan.sstables[$1].size }) { at, watch in
            let sstable = try plan.sstable(at), table = plan.tables[plan.sstables[at].table]
            var folder = try folders[plan.sstables[at].site].subfolder(making: table.keyspace.rawValue, owner: owner).subfolder(making: table.folder, owner: owner)
            if let index = sstable.index { folder = try folder.subfolder(making: index.rawValue, owner: owner) }
            context.meter.update { $0.current = "\(table.keyspace).\(table.name) \(sstable.name)" }
            let place = table.place(cluster: work.cluster, host: work.source, index: sstable.index, sstable: sstable.name)
            let download = SSTableDownload(sstable: sstable, place: place, folder: folder, store: store, rate: rate, watch: watch, owner: owner, meter: context.meter)
            if try download.isWhole() {
                reused.count.withLock { $0 += 1 }
                context.meter.update {
                    $0.bytesDone += plan.sstables[at].size
                    $0.bytesReused += plan.sstables[at].size
                }
            } else {
                try download.run()
            }
            if let damage = sstable.damagedAtSource { context.note(.wasDamaged(sstable, of: table, damage)) }
            context.meter.update { $0.itemsDone += 1 }
        }
        for folder in folders { try folder.syncFileSystem() }
        return reused.count.withLock { $0 }
    }

    private final class Tally: Sendable {
        let count = Mutex(0)
    }
}

extension Note {
    fileprivate static func wasDamaged(_ sstable: ManifestSSTable, of table: TableKey, _ damage: SourceDamage) -> Note {
        Note(
            .warning, "\(table.keyspace).\(table.name) \(sstable.name) was damaged on the node already when it was backed up (CRC-32 \(damage.found), not \(quoted(damage.expected)))",
            code: "cassandra.sstable-damaged")
    }
}
