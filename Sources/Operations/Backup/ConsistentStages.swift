import BackupModel
import Catalog
import NodeDispatch
import ScalarAdmin

/// What the stages up to the upload give.
struct TakenSnapshots: Sendable {
    var snapshots: [NodeSnapshot]
    /// nil: a plain backup.
    var window: PauseWindow?
    var files: [BackupFile]
}

extension BackupOperation {
    /// Stages `check`, `flush`, `snapshot` and `compare` of a backup for which the application is paused.
    ///
    /// Between the last Pause and the first Unpause stands nothing but one message to each agent and its answer, and the operator's own commands.
    func takeConsistentSnapshots(_ application: ApplicationRecord) async throws -> TakenSnapshots {
        let commands = WindowCommands(environment: environment, backup: backup.id, commands: request.commands)
        let (survey, session) = try await recorder.stage("check") {
            try commands.prepare()
            let survey = try await check()
            do {
                return (survey, try await PauseSession(environment, application, recorder: recorder, guardNodes: survey.answers.filter { $0.live != nil }.map(\.target)))
            } catch {
                await survey.closeConnections()
                throw error
            }
        }
        do {
            // Twice: the first may take long, the second leaves little for the snapshot itself to write.
            try await recorder.stage("flush") { try await flush(survey) }
            let (held, window) = try await recorder.stage("snapshot") { try await takeInWindow(survey, session, commands) }
            await survey.closeConnections()
            return try await judged(held, window, survey, application, commands)
        } catch {
            await survey.closeConnections()
            throw error
        }
    }

    private func flush(_ survey: Survey) async throws {
        let answers = survey.answers
        _ = try allValues(answers, await onEach(answers, width: answers.count) { answer in
            guard let connection = answer.connection else { throw calls.unexpectedAnswer(answer.target) }
            _ = try await calls.ask(connection, .flush(FlushRequest(access: answer.access, keyspaces: [])), node: answer.target)
        }, name: \.member.address)
    }

    private struct InWindow: Sendable {
        var clock: WindowClock
        var written: [BackupFile]
        var answers: [(Survey.Answer, SnapshotTaken, sent: ContinuousClock.Instant, answered: ContinuousClock.Instant)]
    }

    private func takeInWindow(_ survey: Survey, _ session: PauseSession, _ commands: WindowCommands) async throws -> (InWindow, PauseWindow) {
        let deadline = session.longest
        let held = try await session.hold(before: { try await flush(survey) }) { clock in
            async let written = commands.run(within: deadline)
            let taken = try await askAll(survey)
            return InWindow(clock: clock, written: try await written, answers: taken)
        }
        guard case .success(let inWindow) = held.result else {
            for doubt in held.window.doubts { await recorder.note(.warning, doubt.text, code: doubt.code) }
            if held.window.doubts.contains(where: { $0.code != "pause.cancelled" }) { throw PauseWindow.notConsistent(held.window.doubts, what: "the backup") }
            _ = try held.result.get()
            preconditionFailure()
        }
        return (inWindow, held.window)
    }

    private func askAll(_ survey: Survey) async throws -> [(Survey.Answer, SnapshotTaken, sent: ContinuousClock.Instant, answered: ContinuousClock.Instant)] {
        let answers = survey.answers
        // The first that fails ends the others: the application is not kept waiting for what is lost already.
        return try await onEachTogether(answers, width: answers.count, name: \.member.address) { answer in
            guard let connection = answer.connection else { throw calls.unexpectedAnswer(answer.target) }
            let sent = ContinuousClock.now
            guard case .snapshotTaken(let taken) = try await calls.ask(connection, .snapshot(snapshotRequest(answer)), node: answer.target) else { throw calls.unexpectedAnswer(answer.target) }
            return (answer, taken, sent, ContinuousClock.now)
        }
    }

    /// Records what was taken, compares the cluster and the application with what they were, and gives the verdict.
    private func judged(_ inWindow: InWindow, _ window: PauseWindow, _ survey: Survey, _ application: ApplicationRecord, _ commands: WindowCommands) async throws -> TakenSnapshots {
        var window = window, snapshots: [NodeSnapshot] = []
        for (answer, taken, sent, answered) in inWindow.answers {
            guard let facts = answer.live else { throw calls.unexpectedAnswer(answer.target) }
            let snapshot = try await record(facts, answer, taken)
            snapshots.append(snapshot)
            window.nodes.append(inWindow.clock.node(facts, taken, sent: sent, answered: answered))
        }
        window.doubts += try await recorder.stage("compare") {
            let comparison = PauseComparison(environment: environment, application: application)
            let after = try await Surveyor(environment, ClusterAccess(settings: cluster.settings)).survey(from: try await environment.addresses(of: cluster))
            return await comparison.targets(window.targets) + PauseComparison.cluster(before: survey, after: after) + window.notContained
        }
        try await catalog.setPause(window.pause, window: window)
        for doubt in window.doubts { await recorder.note(.warning, doubt.text, code: doubt.code) }
        guard window.isConsistent || request.keepPlain else { throw PauseWindow.notConsistent(window.doubts, what: "the backup") }
        return TakenSnapshots(snapshots: snapshots, window: window, files: try await commands.hashed(inWindow.written))
    }

    /// What a restarted master finds of the window of this run.
    func recordedWindow() async throws -> PauseWindow? { try await catalog.pauses(of: recorder.run).last?.window }
}

extension WindowClock {
    /// - Parameter sent: Right before the message to the node's agent; `answered`: right after its answer.
    func node(_ facts: NodeFacts, _ taken: SnapshotTaken, sent: ContinuousClock.Instant, answered: ContinuousClock.Instant) -> NodeInWindow {
        NodeInWindow(
            hostID: facts.hostID, address: facts.address, sentMicroseconds: microseconds(sent), answeredMicroseconds: microseconds(answered),
            serverMicroseconds: taken.microseconds)
    }
}

extension PauseWindow {
    /// Nodes whose snapshot did not begin and end within the window.
    var notContained: [PauseDoubt] {
        nodes.filter { $0.sentMicroseconds < 0 || $0.answeredMicroseconds < $0.sentMicroseconds || $0.answeredMicroseconds > windowMicroseconds }.map {
            PauseDoubt("pause.snapshot-outside", "the snapshot of node \($0.address) was not taken within the window")
        }
    }
}
