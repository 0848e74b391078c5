import BackupModel
import Catalog
import NodeDispatch
import ObjectStore

extension BackupOperation {
    /// Stages `check` and `snapshot` of a plain backup: every node up, normal and of one schema, the store claimed; then all snapshots at once over connections
    /// already open.
    func takePlainSnapshots() async throws -> [NodeSnapshot] {
        let survey = try await recorder.stage("check") { try await check() }
        do {
            let snapshots = try await recorder.stage("snapshot") { try await snapshot(survey) }
            await survey.closeConnections()
            return snapshots
        } catch {
            await survey.closeConnections()
            throw error
        }
    }

    func check() async throws -> Survey {
        let surveyor = Surveyor(environment, ClusterAccess(settings: cluster.settings))
        let survey = try await surveyor.survey(from: try await environment.addresses(of: cluster), keep: true)
        do {
            try await environment.record(survey, of: cluster)
            if let trouble = survey.trouble { throw trouble }
            try refuseUnknownKeyspaces(survey.firstView)
            try await store.claim(cluster, at: environment.clock())
            let now = environment.clock()
            let marker = StartedMarker(backup: backup.id, run: recorder.run, started: now, leaseUntil: now.advanced(by: environment.limits.backupLease * 1000))
            let key = ObjectKey.started(cluster.name, backup.id)
            guard try await store.run({ try $0.create(key, JSONText.encodeDocument(marker)) }) else {
                throw Failure("backup.id-taken", "'\(key)' exists already in \(store.store.place)", hint: "start the backup again: its id is made anew", recovery: .retry)
            }
            for answer in survey.answers {
                guard let facts = answer.live else { continue }
                try await catalog.setNodeBackup(NodeBackupRecord(backup: backup.id, hostID: facts.hostID, address: facts.address))
                await recorder.node(facts.hostID, address: facts.address, stage: "check", state: "done")
            }
            return survey
        } catch {
            await survey.closeConnections()
            throw error
        }
    }

    private func refuseUnknownKeyspaces(_ facts: NodeFacts) throws {
        let missing = request.keyspaces.filter { facts.keyspaces[$0.rawValue] == nil }
        guard missing.isEmpty else {
            throw Failure("backup.unknown-keyspace", "there is no keyspace \(missing.map { quoted($0.rawValue) }.joined(separator: ", ")) in '\(cluster.name)'", hint: "names are case-sensitive here, without quotes")
        }
    }

    private func snapshot(_ survey: Survey) async throws -> [NodeSnapshot] {
        let answers = survey.answers
        let snapshots = try allValues(answers, await onEach(answers, width: answers.count) { answer in try await snapshot(answer) }, name: \.member.address)
        await tellSchemaChange(survey)
        return snapshots
    }

    private func snapshot(_ answer: Survey.Answer) async throws -> NodeSnapshot {
        guard let facts = answer.live, let connection = answer.connection else { throw calls.unexpectedAnswer(answer.target) }
        await recorder.node(facts.hostID, address: facts.address, stage: "snapshot", state: "running")
        do {
            guard case .snapshotTaken(let taken) = try await calls.ask(connection, .snapshot(snapshotRequest(answer)), node: answer.target) else { throw calls.unexpectedAnswer(answer.target) }
            return try await record(facts, answer, taken)
        } catch {
            let failure = Failure(error).on(facts.address)
            await recorder.node(facts.hostID, address: facts.address, stage: "snapshot", state: "failed", failure: failure)
            throw failure
        }
    }

    func snapshotRequest(_ answer: Survey.Answer) -> SnapshotRequest {
        SnapshotRequest(
            access: answer.access, tag: backup.id.snapshotTag, keyspaces: request.keyspaces, skipFlush: false, timeoutSeconds: environment.limits.snapshotTimeoutSeconds)
    }

    func record(_ facts: NodeFacts, _ answer: Survey.Answer, _ taken: SnapshotTaken) async throws -> NodeSnapshot {
        try await catalog.setNodeBackup(NodeBackupRecord(backup: backup.id, hostID: facts.hostID, address: facts.address, state: .snapshotTaken, snapshot: taken))
        await recorder.node(facts.hostID, address: facts.address, stage: "snapshot", state: "done")
        return NodeSnapshot(facts: facts, target: answer.target, taken: taken, clockOffsetMilliseconds: answer.clockOffsetMilliseconds)
    }

    /// A plain backup bears a schema that changes meanwhile, each node having its own tables' schema; it is told all the same.
    private func tellSchemaChange(_ survey: Survey) async {
        guard let answer = survey.answers.first(where: { $0.live != nil }), let connection = answer.connection, let before = answer.live?.schemaVersion else { return }
        guard let after = try? await calls.inspect(connection, answer.access, ring: .membership, node: answer.target), after.schemaVersion != before else { return }
        await recorder.note(.warning, "the schema changed while the snapshots were taken: \(before) before, \(after.schemaVersion) after", code: "backup.schema-changed")
    }

    /// What the catalogue knows of the snapshots of this run.
    func snapshotsTaken() async throws -> [NodeSnapshot] {
        let access = ClusterAccess(settings: cluster.settings)
        let nodes = Dictionary(try await catalog.nodes(of: cluster.id).map { ($0.hostID, $0) }, uniquingKeysWith: { first, _ in first })
        return try await catalog.nodeBackups(of: backup.id).map { part in
            guard let node = nodes[part.hostID], let taken = part.snapshot else {
                throw Failure("backup.interrupted", "the master stopped before the snapshot of \(part.address) was recorded", hint: "start the backup again", recovery: .retry, node: part.address)
            }
            return NodeSnapshot(facts: node.facts, target: try access.target(node.address), taken: taken, clockOffsetMilliseconds: nil)
        }
    }
}
