package import BackupModel
package import Catalog
import NodeDispatch
import ScalarAdmin

extension Operations {
    // MARK: applications

    package func addApplication(_ name: ApplicationName, _ settings: ApplicationSettings) async throws -> ApplicationRecord {
        try ApplicationCheck.check(settings)
        let record = ApplicationRecord(name: name, settings: settings, createdAt: environment.clock())
        try await catalog.addApplication(record)
        return record
    }

    package func updateApplication(_ name: ApplicationName, _ settings: ApplicationSettings) async throws -> ApplicationRecord {
        try ApplicationCheck.check(settings)
        try await catalog.updateApplication(name, settings: settings)
        return try await catalog.application(named: name)
    }

    package func removeApplication(_ name: ApplicationName) async throws { try await catalog.removeApplication(name) }

    /// Asks every instance of it now.
    package func checkApplication(_ name: ApplicationName) async throws -> ApplicationStatus {
        let application = try await catalog.application(named: name), preparation = PausePreparation(environment: environment, application: application)
        let access = try await preparation.access()
        let instances = preparation.instances(access, PauseJournal())
        let answers = await gather(instances, within: .seconds(application.settings.callSeconds + 1)) { await $0.isPaused() }
        let open = try await catalog.openPauses().filter { $0.application == name }
        return ApplicationStatus(name: name, targets: access.targets.map { TargetStatus($0, answers[$0]) }, openPauses: open)
    }

    // MARK: pauses

    /// A pause by itself: held for a time, or around a command that runs elsewhere.
    package func startPause(_ request: PauseRequest) async throws -> (RunRecord, PauseID) {
        let application = try await catalog.application(named: request.application), id: PauseID = environment.newULID()
        try checkTimes(request, application)
        let nodes = try await guardNodes(application.name)
        let run = RunRecord(id: environment.newULID(), kind: .pause, clusterID: nil, request: text(.pause(request)), startedAt: environment.clock())
        try await catalog.beginRun(run)
        desk.open(id, run.id)
        let longest = request.maxSeconds.map { Duration.seconds($0) } ?? request.holdMilliseconds.map { .milliseconds($0) + .seconds(5) }
        await registry.start(run) { recorder in
            defer { desk.close(id) }
            let session = try await recorder.stage("check") {
                try await PauseSession(environment, application, id: id, recorder: recorder, longest: longest, guardNodes: nodes)
            }
            try await PauseOperation(environment: environment, application: application, request: request, session: session, desk: desk, recorder: recorder).perform()
        }
        return (run, id)
    }

    private func checkTimes(_ request: PauseRequest, _ application: ApplicationRecord) throws {
        guard request.byCommand != (request.holdMilliseconds != nil) else {
            throw Failure("input.bad-request", "a pause is either held for a time or around a command")
        }
        for (value, name) in [(request.holdMilliseconds.map { $0 / 1000 }, "time to hold"), (request.maxSeconds, "longest window")] {
            if let value, value < 0 || value > 3600 { throw Failure("input.bad-request", "a \(name) of \(value) s; up to an hour is possible") }
        }
        if (request.holdMilliseconds ?? 1) <= 0 || request.maxSeconds == 0 { throw Failure("input.bad-request", "a window of no length proves nothing") }
    }

    /// Nodes of clusters that name the application: their agents can be its second guardian.
    private func guardNodes(_ application: ApplicationName) async throws -> [NodeTarget] {
        var targets: [NodeTarget] = []
        for cluster in try await catalog.clusters() where cluster.settings.application == application {
            let access = ClusterAccess(settings: cluster.settings)
            targets += try await catalog.nodes(of: cluster.id).filter(\.present).map { try access.target($0.address) }
        }
        return targets
    }

    /// A sign of life of the command in the window.
    package func keepPause(_ id: PauseID) async throws {
        guard desk.heard(id) else { throw try await over(id) }
    }

    /// The command in the window is over.
    package func finishPause(_ id: PauseID, exitStatus: Int) async throws {
        guard desk.finish(id, exitStatus: exitStatus) else { throw try await over(id) }
    }

    private func over(_ id: PauseID) async throws -> Failure {
        _ = try await catalog.pause(id)
        return Failure("pause.not-open", "pause \(id) is over", hint: "aeneas pause show \(id)")
    }

    /// Ends it now, whoever holds it: returns when every instance is proven open.
    ///
    /// - Throws: `pause.not-opened`.
    package func endPause(_ id: PauseID) async throws -> PauseRecord {
        if let run = desk.run(of: id) {
            // In its window it hears of it; before that, while instances still drain, nothing but a cancellation ends the waiting.
            let isHeld = (try? await catalog.pause(id))?.state == .paused
            if !isHeld || !desk.end(id) { _ = await registry.cancel(run) }
            await registry.wait(for: run)
            if (try? await catalog.pause(id)) == nil { throw Failure("pause.not-open", "pause \(id) was ended before anything was paused", hint: "aeneas run show \(run)") }
        }
        let pause = try await catalog.pause(id)
        if pause.state != .ended, await registry.cancel(pause.run) { await registry.wait(for: pause.run) }
        guard try await catalog.pause(id).state != .ended else { return try await catalog.pause(id) }
        try await openNow(pause.application, pause.access, pause: id)
        await environment.pauseKeeper.take(id, environment)
        await environment.pauseKeeper.wait(for: id)
        return try await catalog.pause(id)
    }

    /// Opens every instance of an application, whatever is on record: the way out when somebody else left it paused.
    package func endPauses(of name: ApplicationName) async throws -> ApplicationStatus {
        let application = try await catalog.application(named: name)
        // First those on record: their instances are known even where names cannot be resolved now.
        var notOpened: (any Error)?
        for pause in try await catalog.openPauses() where pause.application == name {
            do { _ = try await endPause(pause.id) } catch { notOpened = notOpened ?? error }
        }
        let access = try await PausePreparation(environment: environment, application: application).access()
        try await openNow(name, access, pause: nil)
        if let notOpened { throw notOpened }
        return try await checkApplication(name)
    }

    private func openNow(_ name: ApplicationName, _ access: PauseAccess, pause: PauseID?) async throws {
        let limit = environment.limits.unpauseProof
        let unproven = await PauseOpener(environment: environment, journal: PauseJournal()).open(access.targets, access) { began, now in now - began >= limit }
        guard unproven.isEmpty else { throw PauseOpener.failure(name, unproven, tls: access.tls, pause: pause) }
    }

    // MARK: what commands wrote in the window of a backup

    package func backupFile(_ id: BackupID, _ name: FileName) async throws -> StoredFile {
        let record = try await catalog.backup(id), cluster = try await catalog.cluster(id: record.clusterID)
        let (store, _) = try await environment.open(record.store)
        let description = try await environment.backupDescription(cluster.name, id, in: store)
        guard let file = description.files?.first(where: { $0.name == name }) else {
            let names = description.files?.map(\.name.rawValue).joined(separator: ", ") ?? ""
            throw Failure("backup.no-such-file", "backup \(id) has no file '\(name)'", hint: names.isEmpty ? "it has none: they come from --with NAME=COMMAND" : "it has: \(names)")
        }
        return StoredFile(store: store, cluster: cluster.name, backup: id, file: file)
    }
}

/// How the instances of an application stand now.
package struct ApplicationStatus: Sendable {
    package var name: ApplicationName
    package var targets: [TargetStatus]
    package var openPauses: [PauseRecord]
}

package struct TargetStatus: Sendable {
    package enum State: String, Sendable { case open, paused, unverifiable, unreachable }
    package var target: PauseTarget
    package var state: State
    package var detail: String?

    init(_ target: PauseTarget, _ answer: Result<Bool?, ScalarAdminError>?) {
        self.target = target
        switch answer {
        case .success(true?): state = .paused
        case .success(false?): state = .open
        case .success(nil): state = .unverifiable
        case .failure(let error):
            state = .unreachable
            detail = error.description
        case nil:
            state = .unreachable
            detail = "no answer in time"
        }
    }
}
