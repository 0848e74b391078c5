import BackupModel
import Catalog
import NodeDispatch
import ObjectStore

/// A backup of a whole cluster, as a run of stages:
///
/// | stage | may be repeated | after a restart of the master |
/// |---|---|---|
/// | check | yes | the run fails, nothing is left |
/// | flush (consistent) | yes | the run fails, nothing is left |
/// | snapshot | no: a second one would be another moment | the application is opened, the run fails, our tag is cleared everywhere |
/// | compare (consistent) | no: what was before is known to this run only | the run fails, our tag is cleared everywhere |
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
    /// Paused for the snapshots; nil: a plain backup.
    let application: ApplicationRecord?

    var catalog: Catalog { environment.catalog }
    var calls: NodeCalls { NodeCalls(environment) }

    func perform() async throws {
        let taken: TakenSnapshots
        do {
            if let application {
                taken = try await takeConsistentSnapshots(application)
            } else {
                taken = TakenSnapshots(snapshots: try await takePlainSnapshots(), window: nil, files: [])
            }
            try await carryOn(taken)
        } catch {
            return try await fail(error)
        }
        try tellPlain(taken)
    }

    /// From the stage `upload` on: what the catalogue says of the snapshots and the window is all that is needed.
    func resume() async throws {
        let taken: TakenSnapshots
        do {
            taken = TakenSnapshots(snapshots: try await snapshotsTaken(), window: try await recordedWindow(), files: try commands.recorded())
            try await carryOn(taken)
        } catch {
            return try await fail(error)
        }
        try tellPlain(taken)
    }

    /// For a run that a stopped master left before its snapshots were complete.
    func abandon(_ failure: Failure) async throws { try await fail(failure) }

    var commands: WindowCommands { WindowCommands(environment: environment, backup: backup.id, commands: request.commands) }

    private func carryOn(_ taken: TakenSnapshots) async throws {
        try await recorder.stage("upload") {
            try await upload(taken.snapshots)
            try await upload(taken.files)
        }
        let description = try await recorder.stage("finish") { try await finish(taken) }
        try await clearAfterSuccess(taken.snapshots)
        commands.remove()
        await tellDamage(description)
    }

    /// A backup that was asked to be consistent, is not, and was to be kept all the same: complete, and no success.
    private func tellPlain(_ taken: TakenSnapshots) throws {
        guard let window = taken.window, !window.isConsistent else { return }
        throw Failure(
            "run.partly-failed", "backup \(backup.id) is complete and kept as a plain one", hint: "aeneas backup show \(backup.id) names every reason",
            cause: PauseWindow.notConsistent(window.doubts, what: "it"))
    }

    private func fail(_ error: any Error) async throws {
        if recorder.control.isSuspending { throw error }
        await recorder.uncancelled { await clearing.everywhere() }
        commands.remove()
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
