import BackupModel
import Catalog
import NodeDispatch
import ObjectStore

/// A backup of a whole cluster, as a run of stages:
///
/// | stage | may be repeated | after a restart of the master |
/// |---|---|---|
/// | check | yes | the run fails, nothing is left |
/// | snapshot | no: a second one would be another moment | the run fails, our tag is cleared everywhere |
/// | upload | yes: agents' jobs go on by themselves | goes on |
/// | finish | yes: `backup.json` is created once | goes on |
/// | clear | yes | goes on |
///
/// Whatever ends it before `backup.json` exists leaves no backup, and clears our tag, and no other, on every node.
struct BackupOperation: Sendable {
    let environment: OperationsEnvironment
    let cluster: ClusterRecord
    let request: BackupRequest
    let backup: BackupRecord
    let store: OpenedStore
    let storeID: ClusterID
    let recorder: RunRecorder

    var catalog: Catalog { environment.catalog }
    var calls: NodeCalls { NodeCalls(environment) }

    func perform() async throws {
        do {
            let snapshots = try await takeSnapshots()
            try await carryOn(snapshots)
        } catch {
            try await fail(error)
        }
    }

    /// From the stage `upload` on: what the catalogue says of the snapshots is all that is needed.
    func resume() async throws {
        do {
            try await carryOn(try await snapshotsTaken())
        } catch {
            try await fail(error)
        }
    }

    /// For a run that a stopped master left before its snapshots were complete.
    func abandon(_ failure: Failure) async throws { try await fail(failure) }

    private func carryOn(_ snapshots: [NodeSnapshot]) async throws {
        try await recorder.stage("upload") { try await upload(snapshots) }
        let description = try await recorder.stage("finish") { try await finish(snapshots) }
        try await clearAfterSuccess(snapshots)
        await tellDamage(description)
    }

    private func fail(_ error: any Error) async throws {
        if recorder.control.isSuspending { throw error }
        await recorder.uncancelled { await clearing.everywhere() }
        var record = backup
        record.state = .failed
        record.finishedAt = environment.clock()
        try await catalog.updateBackup(record)
        throw error
    }

    private func tellDamage(_ description: BackupDescription) async {
        for node in description.nodes {
            for damaged in node.part?.damaged ?? [] {
                await recorder.note(
                    .warning,
                    "\(damaged.keyspace).\(damaged.table): \(damaged.sstable) was damaged on the node before this backup (CRC-32 \(damaged.damage.found), its Digest.crc32 says \(damaged.damage.expected)); scrub or repair the table there",
                    node: node.address, code: "backup.damaged-at-source")
            }
        }
    }
}

/// One node of a backup whose snapshot stands.
struct NodeSnapshot: Codable, Sendable {
    var facts: NodeFacts
    var target: NodeTarget
    var taken: SnapshotTaken
    var clockOffsetMilliseconds: Int?

    /// Without the password, which is read anew from its file.
    var hostID: HostID { facts.hostID }
}
