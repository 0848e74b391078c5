import BackupModel
import Catalog
import ScalarAdmin
import Threads

/// What must be known before an application may be paused: who its instances are, that each answers, is open and can say so. Pauses nothing.
struct PausePreparation: Sendable {
    let environment: OperationsEnvironment
    let application: ApplicationRecord

    private var settings: ApplicationSettings { application.settings }

    /// Resolves the instances once; from here on they are a fixed list.
    func access() async throws -> PauseAccess {
        var tls: PauseTLS?
        if settings.tls { tls = PauseTLS(caPEM: try settings.caFile.map { try SecretFile.certificates($0, of: "the application's authorities") }, authority: settings.authority) }
        return PauseAccess(targets: try await targets(), tls: tls, callSeconds: settings.callSeconds)
    }

    func targets() async throws -> [PauseTarget] {
        let source = TargetSource(targets: settings.targets, services: settings.services), resolve = environment.pausing.resolve
        let found = try await environment.pool.run { Array(Set(try resolve(source))).sorted() }
        guard !found.isEmpty else {
            throw Failure("pause.no-targets", "application '\(application.name)' has no instances", hint: "aeneas application set \(application.name) --target HOST:PORT")
        }
        return found
    }

    func instances(_ access: PauseAccess, _ journal: PauseJournal) -> [ApplicationInstance] {
        access.targets.map { ApplicationInstance(environment.pausing.openLink($0, access), journal) }
    }

    /// Opens the connections, and refuses what could not end well.
    func check(_ instances: [ApplicationInstance]) async throws {
        let answers = await gather(instances, within: .seconds(settings.callSeconds + 1)) { await $0.isPaused() }
        let refusals = instances.compactMap { refusal($0.target, answers[$0.target]) }
        guard var first = refusals.first else { return }
        if refusals.count > 1 { first.summary += " (and \(refusals.count - 1) more of \(instances.count) instances)" }
        throw first
    }

    private func refusal(_ target: PauseTarget, _ answer: Result<Bool?, ScalarAdminError>?) -> Failure? {
        switch answer {
        case .success(false?): return nil
        case .success(true?):
            return Failure(
                "pause.already-paused", "instance \(target) of '\(application.name)' is paused already, and not by this master's records",
                hint: "does somebody else pause it now? if not: aeneas pause end \(application.name)", recovery: .retry)
        case .success(nil):
            if settings.allowUnverified { return nil }
            return Failure(
                "pause.unverifiable", "instance \(target) of '\(application.name)' does not know CheckPaused: nobody could tell whether it stays paused",
                hint: "update it (ScalarDB Server 3.6 and later have it), or 'aeneas application set \(application.name) --allow-unverified': no backup is then called consistent")
        case .failure(let error):
            return Failure(
                "pause.target-unreachable", "instance \(target) of '\(application.name)' does not answer: \(error)", hint: "aeneas application check \(application.name)", recovery: .retry)
        case nil:
            return Failure(
                "pause.target-unreachable", "instance \(target) of '\(application.name)' does not answer within \(settings.callSeconds) s", hint: "aeneas application check \(application.name)",
                recovery: .retry)
        }
    }
}
