import BackupModel
import Crypto
import ObjectStore
import Synchronization

/// Reads every object of one node's part of a backup and compares it with the manifest.
struct VerifyJob {
    let work: VerifyWork
    let context: JobContext
    let store: any ObjectStore
    /// More than these are not listed: a store that has lost everything is told by the first.
    private static let greatestList = 10_000

    init(_ work: VerifyWork, _ context: JobContext) throws {
        self.work = work
        self.context = context
        store = try context.parts.openStore(work.store)
    }

    func run() throws -> VerifyResult {
        let key = ObjectKey.manifest(work.cluster, work.backup, work.source), state = State(), stop = context.stop
        let manifest: OpenFile
        do {
            manifest = try ManifestStream.download(
                key, sha256: work.manifestSHA256, from: store, to: context.folder.path + "/manifest.jsonl.gz", transfer: TransferControl(isCancelled: { stop.isSet }))
        } catch {
            state.add(try fault(key, error))
            return state.result(ManifestEnd())
        }
        let (plan, bytes, counts) = try read(manifest)
        context.meter.update {
            $0.itemsTotal = plan.count
            $0.bytesTotal = bytes
        }
        try check(plan, state)
        return state.result(counts)
    }

    private typealias Item = (table: TableKey, spot: LineSpot)

    /// - Returns: Also the bytes of all objects, which are a little more than those of the files.
    private func read(_ manifest: OpenFile) throws -> ([Item], Int, ManifestEnd) {
        let lines = try UnpackedLines(in: context.folder.path)
        var items: [Item] = [], table: TableKey?, bytes = 0
        let (node, end) = try ManifestStream.read(manifest) { line, raw in
            switch line {
            case .table(let value): table = TableKey(value)
            case .sstable(let sstable):
                bytes += (sstable.data?.size ?? 0) + sstable.componentsSize
                if let table { items.append((table, try lines.add(raw))) }
            case .node, .end: break
            }
        }
        try ManifestStream.check(node, cluster: work.cluster, backup: work.backup, host: work.source)
        try lines.flush()
        return (items, bytes, end)
    }

    private func check(_ items: [Item], _ state: State) throws {
        let rate = RateLimit(bytesPerSecond: work.transfer.bytesPerSecond), work = work, store = store, context = context
        try context.workers(work.transfer).each(Array(items.indices)) { at, watch in
            guard case .sstable(let sstable) = try JSONText.decode(ManifestLine.self, from: try items[at].spot.bytes()), let file = sstable.data else { return }
            let place = items[at].table.place(cluster: work.cluster, host: work.source, index: sstable.index, sstable: sstable.name)
            context.meter.update { $0.current = "\(items[at].table.keyspace).\(items[at].table.name) \(sstable.name)" }
            let data = DataSink(file), components = ComponentsSink(sstable)
            func compare(_ key: ObjectKey, _ feed: (UnsafeRawBufferPointer) throws -> Void, _ finish: () throws -> Void) throws {
                do {
                    try store.download(key, transfer: watch.control(rate)) { piece in
                        state.read(piece.count)
                        context.meter.update { $0.bytesDone += piece.count }
                        try feed(piece)
                    }
                    try finish()
                } catch {
                    try watch.check()
                    state.add(try fault(key, error))
                }
                state.object()
            }
            try compare(ObjectKey.data(place, identity: sstable.identity), { try data.feed($0) }, { try data.finish() })
            try compare(ObjectKey.components(place, identity: sstable.components), components.feed, components.finish)
            context.meter.update { $0.itemsDone += 1 }
        }
    }

    /// - Throws: `error` itself when it tells nothing about the object, such as a store that cannot be reached.
    private func fault(_ key: ObjectKey, _ error: any Error) throws -> ObjectFault {
        switch error {
        case StoreError.sink(let inner): return try fault(key, inner)
        case StoreError.notFound: return ObjectFault(key: key.text, kind: .missing, detail: "no such object")
        case StoreError.cutShort(_, _, let got, let of): return ObjectFault(key: key.text, kind: .cutShort, detail: "it ended after \(got) of \(of) bytes")
        case StoreError.damagedInTransit, StoreError.unexpected: return ObjectFault(key: key.text, kind: .unreadable, detail: Failure(error).summary)
        case ObjectDamage.cutShort(let text): return ObjectFault(key: key.text, kind: .cutShort, detail: text)
        case ObjectDamage.changed(let text): return ObjectFault(key: key.text, kind: .changed, detail: text)
        case let failure as Failure where failure.code == "manifest.changed": return ObjectFault(key: key.text, kind: .changed, detail: "its SHA-256 is another")
        default: throw error
        }
    }

    private final class State: Sendable {
        private let values = Mutex((faults: [ObjectFault](), objects: 0, bytes: 0))

        func add(_ fault: ObjectFault) { values.withLock { if $0.faults.count < VerifyJob.greatestList { $0.faults.append(fault) } } }
        func read(_ count: Int) { values.withLock { $0.bytes += count } }
        func object() { values.withLock { $0.objects += 1 } }

        func result(_ counts: ManifestEnd) -> VerifyResult {
            values.withLock {
                VerifyResult(counts: counts, objects: $0.objects, bytesRead: $0.bytes, faults: $0.faults.sorted { $0.key < $1.key }, damagedAtSource: counts.damaged)
            }
        }
    }
}
