import BackupModel
import Catalog
import NodeDispatch
import ObjectStore

/// Reads every object of a backup and compares it with its manifest: each node's part by its own agent, or by another node's when its own is out of reach.
struct VerifyOperation: Sendable {
    let environment: OperationsEnvironment
    let cluster: ClusterRecord
    let backup: BackupID
    let store: OpenedStore
    let recorder: RunRecorder

    private struct Part: Sendable {
        let node: BackupNode
        let part: BackupPart
        let target: NodeTarget
    }

    func perform() async throws {
        let description = try await recorder.stage("check") { try await environment.backupDescription(cluster.name, backup, in: store) }
        let parts = try await parts(description)
        let results = try await recorder.stage("verify") {
            try allValues(parts, await onEach(parts, width: environment.limits.nodesAtOnce) { part in try await verify(part) }, name: \.node.address)
        }
        let faults = await verifyFiles(description.files ?? [])
        try await conclude(description, parts, results, fileFaults: faults)
    }

    /// What commands wrote in the window, read by the master itself: it has brought them there.
    private func verifyFiles(_ files: [BackupFile]) async -> Int {
        var faults = 0
        for file in files {
            do {
                try await StoredFile(store: store, cluster: cluster.name, backup: backup, file: file).verify()
            } catch {
                faults += 1
                let failure = Failure(error)
                await recorder.note(.error, failure.description, code: failure.code)
            }
        }
        return faults
    }

    private func verify(_ part: Part) async throws -> VerifyResult {
        let work = VerifyWork(
            store: store.access, cluster: cluster.name, backup: backup, source: part.node.hostID, manifestSHA256: part.part.manifestSHA256, transfer: cluster.settings.transfer)
        let result = try await recorder.job(.verify(work), stage: "verify", host: part.node.hostID, node: part.target, lease: environment.limits.jobLeaseSeconds)
        guard case .verified(let verified) = result else { throw NodeCalls(environment).unexpectedAnswer(part.target) }
        return verified
    }

    /// Who verifies what: the store's bytes are read where there are agents, never by the master.
    private func parts(_ description: BackupDescription) async throws -> [Part] {
        let access = ClusterAccess(settings: cluster.settings), calls = NodeCalls(environment)
        let known = try await environment.catalog.nodes(of: cluster.id).filter(\.present)
        let reachable = await onEach(known, width: environment.limits.nodesAtOnce) { node in
            let target = try access.target(node.address)
            await (try calls.connect(target)).close()
            return target
        }
        let targets = Dictionary(zip(known, reachable).compactMap { node, outcome in (try? outcome.get()).map { (node.hostID, $0) } }, uniquingKeysWith: { first, _ in first })
        guard let anyTarget = targets.sorted(by: { $0.key < $1.key }).first?.value else {
            if case .failure(let error) = reachable.first { throw Failure(error) }
            throw Failure("cluster.no-nodes", "no node of '\(cluster.name)' can be reached to read the backup", recovery: .retry)
        }
        return description.nodes.compactMap { node in node.part.map { Part(node: node, part: $0, target: targets[node.hostID] ?? anyTarget) } }
    }

    private func conclude(_ description: BackupDescription, _ parts: [Part], _ results: [VerifyResult], fileFaults: Int) async throws {
        var faults = fileFaults
        for (part, result) in zip(parts, results) {
            faults += result.faults.count
            for fault in result.faults.prefix(100) {
                await recorder.note(.error, "\(quoted(fault.key, limit: 1024)): \(fault.kind.rawValue) (\(fault.detail))", node: part.node.address, code: "backup.object-\(fault.kind.rawValue)")
            }
            if result.faults.count > 100 { await recorder.note(.error, "and \(result.faults.count - 100) more objects", node: part.node.address, code: "backup.not-whole") }
        }
        let missing = description.nodes.filter { $0.part == nil }
        guard faults == 0, missing.isEmpty else {
            let what = faults > 0 ? "\(faults) objects of it are missing or changed" : "it lacks the parts of \(missing.map(\.address).joined(separator: ", "))"
            throw Failure("backup.not-whole", "backup \(backup) is not whole in \(store.store.place): \(what)", hint: "take a new backup now; 'aeneas run show' lists every object")
        }
        let files = description.files ?? []
        let objects = results.reduce(files.count) { $0 + $1.objects }, bytes = results.reduce(files.reduce(0) { $0 + $1.size }) { $0 + $1.bytesRead }, damaged = results.reduce(0) { $0 + $1.damagedAtSource }
        await recorder.note(.info, "backup \(backup) is whole: \(objects) objects, \(bytes) bytes read and hashed" + (damaged > 0 ? "; \(damaged) SSTables were damaged on their node already" : ""))
    }
}

extension OpenedStore {
    /// `backup.json`, its format and identity checked.
    func backupDescription(_ cluster: ClusterName, _ backup: BackupID) async throws -> BackupDescription {
        let key = ObjectKey.backup(cluster, backup)
        guard let description = try await documentIfAny(BackupDescription.self, key) else {
            throw Failure("backup.not-in-store", "there is no backup \(backup) of '\(cluster)' in \(store.place)", hint: "aeneas backup list --cluster \(cluster)")
        }
        guard description.format <= StoreDescription.format else {
            throw Failure("store.newer-format", "backup \(backup) has format \(description.format), newer than this version's \(StoreDescription.format)", hint: "update this master")
        }
        guard description.id == backup, description.cluster == cluster else {
            throw Failure("store.document-damaged", "'\(key)' in \(store.place) describes backup \(description.id) of '\(description.cluster)'", hint: "was it copied there by hand?")
        }
        return description
    }
}

extension OperationsEnvironment {
    /// `backup.json`, proven to be the one that was written by what the catalogue keeps of it: nothing else in the store names its digest.
    func backupDescription(_ cluster: ClusterName, _ backup: BackupID, in store: OpenedStore) async throws -> BackupDescription {
        let description = try await store.backupDescription(cluster, backup)
        guard let written = try await catalog.backup(backup).description, written != description else { return description }
        throw Failure(
            "store.document-damaged", "'\(ObjectKey.backup(cluster, backup))' in \(store.store.place) is not the one that was written: the catalogue has it otherwise",
            hint: "was it changed in the store? the version there before, or a copy of the store, has the right one")
    }
}
