import BackupModel
import Compression
import Crypto
import ObjectStore
import ObjectStoreDrivers

/// Carries out jobs: as at a real node they go on without any connection.
struct FakeJobRunner: Sendable {
    let cluster: FakeCluster
    let address: String

    /// Unless it runs or has ended; one that died is started again.
    func start(_ request: JobRequest) {
        let fresh = cluster.update(address) { node -> Bool in
            var job = node.jobs[request.id] ?? FakeJob(work: request.work)
            guard job.starts == 0 || (!job.alive && job.outcome == nil) else { return false }
            job.starts += 1
            job.alive = true
            node.jobs[request.id] = job
            return true
        }
        guard fresh else { return }
        Task.detached { await run(request) }
    }

    private func run(_ request: JobRequest) async {
        let word = request.work.word
        cluster.note(address, "job \(word)")
        append(request.id, .progress(Progress(phase: word, itemsTotal: 2)))
        do {
            switch cluster.take("job \(word)", address) {
            case .fail(let failure): throw failure
            case .die: return cluster.update(address) { $0.jobs[request.id]?.alive = false }
            case .hold(let gate): try await gate.wait()
            default: break
            }
            guard cluster.node(address).jobs[request.id]?.outcome == nil else { return }
            if case .guardPause = request.work { return try await watch(request.id) }
            append(request.id, .note(Note(.info, "fake \(word) of \(address)")))
            let result = try perform(request.work)
            append(request.id, .progress(Progress(phase: word, itemsDone: 2, itemsTotal: 2, bytesDone: 100, bytesTotal: 100)))
            cluster.update(address) { $0.jobs[request.id]?.end(.succeeded(result)) }
        } catch {
            let failure = Failure(error)
            cluster.update(address) { $0.jobs[request.id]?.end(.failed(failure)) }
        }
    }

    /// A guardian reaches the targets, and ends only when it is told to.
    private func watch(_ id: JobID) async throws {
        append(id, .note(Note(.info, "fake guardian reaches all", code: "pause.guardian-reach")))
        while let job = cluster.node(address).jobs[id], job.outcome == nil { try await Task.sleep(for: .milliseconds(2)) }
    }

    private func append(_ id: JobID, _ event: JobEvent) {
        cluster.update(address) { node in if node.jobs[id]?.outcome == nil { node.jobs[id]?.journal.append(event) } }
    }

    private func perform(_ work: JobWork) throws -> JobResult {
        switch work {
        case .upload(let upload): return .uploaded(try FakeUpload(node: cluster.node(address), work: upload).run())
        case .stage(let stage):
            cluster.update(address) { $0.staged = true }
            _ = stage
            return .staged(StageResult(counts: ManifestEnd(), reusedSSTables: 0))
        case .stop: cluster.update(address) { $0.running = false }
        case .place: try cluster.update(address) { node in
            guard !node.running else { throw Failure("agent.still-running", "fake: Cassandra runs") }
            guard node.staged || node.placed else { throw Failure("restore.not-staged", "fake: nothing is staged") }
            (node.staged, node.placed, node.aside) = (false, true, true)
        }
        case .start: return .started(start())
        case .repair(let repair):
            guard cluster.node(address).running else { throw FakeAgent.down(address) }
            return .repaired(RepairResult(repaired: repair.keyspaces, skipped: []))
        case .rollBack: try cluster.update(address) { node in
            guard !node.running || !node.placed else { throw Failure("agent.still-running", "fake: Cassandra runs") }
            (node.staged, node.placed, node.aside) = (false, false, false)
        }
        case .dropAside: cluster.update(address) { ($0.staged, $0.aside) = (false, false) }
        case .guardPause: return .guarded(GuardResult(reason: "released", unpaused: []))
        case .verify(let verify):
            let faults = cluster.node(address).verifyFaults
            return .verified(VerifyResult(counts: ManifestEnd(), objects: 2, bytesRead: verify.source.rawValue.utf8.count, faults: faults, damagedAtSource: 0))
        }
        return .done
    }

    private func start() -> StartResult {
        cluster.update(address) { node in
            node.running = true
            if let other = node.startsAs { node.facts.hostID = other }
            return StartResult(hostID: node.facts.hostID, tokens: node.facts.tokens, mode: "NORMAL")
        }
    }
}

/// One table with one SSTable of two objects, and a real manifest.
struct FakeUpload: Sendable {
    let node: FakeNode
    let work: UploadWork

    func run() throws -> UploadResult {
        guard node.snapshots.contains(work.tag.rawValue) else { throw Failure("cassandra.no-snapshot", "fake: there is no snapshot '\(work.tag)'") }
        let store = try openStore(work.store), before = store.requests
        let sstable = try send(store), table = ManifestTable(keyspace: KeyspaceName(unchecked: "shop"), name: TableName(unchecked: "orders"), id: tableID, schema: "CREATE TABLE shop.orders (id int PRIMARY KEY)")
        var counts = ManifestEnd(tables: 1)
        counts.count(sstable)
        let object = manifest([.node(work.node), .table(table), .sstable(sstable), .end(counts)])
        try put(store, .manifest(work.node.cluster, work.node.backup, work.node.hostID), object)
        let damaged = sstable.damagedAtSource.map { [DamagedSSTable(keyspace: table.keyspace, table: table.name, tableID: tableID, index: nil, sstable: sstable.name, damage: $0)] } ?? []
        return UploadResult(
            manifestSHA256: hex(object), manifestSize: object.count, counts: counts, sentObjects: 2, sentBytes: node.contents.utf8.count, reusedSSTables: 0, requests: store.requests - before,
            damaged: damaged, gcGraceSeconds: ["shop.orders": 864_000])
    }

    private var tableID: TableID { TableID(unchecked: "6f1c0b466f6d4c3c9d1e2f0f5b0a0001") }

    private func send(_ store: any ObjectStore) throws -> ManifestSSTable {
        let name = SSTableName(unchecked: "nb-1-big"), data = Array(node.contents.utf8), rest = Array("components of \(node.contents)".utf8)
        let place = SSTablePlace(cluster: work.node.cluster, host: work.node.hostID, keyspace: KeyspaceName(unchecked: "shop"), table: TableName(unchecked: "orders"), tableID: tableID, index: nil, sstable: name)
        try put(store, .data(place, identity: hex(data)), data)
        try put(store, .components(place, identity: hex(rest)), rest)
        return ManifestSSTable(
            name: name, folder: 1, index: nil, identity: hex(data), components: hex(rest), componentsSize: rest.count,
            files: [ManifestFile(component: .data, size: data.count, sha256: hex(data), inode: 1, modified: 1), ManifestFile(component: .toc, size: rest.count, sha256: hex(rest), inode: 2, modified: 1)],
            damagedAtSource: node.damaged ? SourceDamage(expected: "1", found: "2") : nil)
    }

    private func put(_ store: any ObjectStore, _ key: ObjectKey, _ bytes: [UInt8]) throws {
        var sent = 0
        try store.upload(key, size: bytes.count, transfer: TransferControl()) { buffer in
            let count = min(buffer.count, bytes.count - sent)
            buffer.copyBytes(from: bytes[sent..<sent + count])
            sent += count
            return count
        }
    }

    private func manifest(_ lines: [ManifestLine]) -> [UInt8] {
        let gzip = GzipWriter()
        return lines.flatMap { gzip.update(JSONText.encode($0) + [UInt8(ascii: "\n")]) } + gzip.finish()
    }

    private func hex(_ bytes: [UInt8]) -> SHA256Hex { SHA256Hex(unchecked: SHA256.hash(bytes).hex) }
}
