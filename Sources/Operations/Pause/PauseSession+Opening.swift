import BackupModel
import Catalog
import Logging
import ScalarAdmin
import Threads

/// What came of opening every instance again.
struct Opening: Sendable {
    var provenAt: ContinuousClock.Instant
    /// Instances of which nobody can say yet that they are open, with the last error.
    var unproven: [(target: PauseTarget, error: String)]
    /// A Pause was given up or broke off there: it may still be waiting in the server, and take effect late.
    var abandoned: Set<PauseTarget>
}

extension PauseSession {
    /// Sends Unpause to every instance that was ever sent Pause, over the connections at hand, and asks each whether it is open. What that does not prove is
    /// tried again over new connections, with growing pauses, for as long as `limits.unpauseProof`.
    func openAll() async -> Opening {
        for instance in instances { instance.giveUpPausing() }
        // Also those whose Pause is answered while all are opened: it may have closed the gate after our Unpause.
        let late = abandoned, sent = instances.filter(\.wasSentPause), busy = sent.filter(\.isBusy), warm = sent.filter { instance in !busy.contains { $0 === instance } }
        let answers = await gather(warm, within: .seconds(settings.callSeconds + 1)) { await open($0) }
        let left = sent.map(\.target).filter { answers[$0] != true }
        let provenAt = journal.now
        guard !left.isEmpty else { return Opening(provenAt: provenAt, unproven: [], abandoned: abandoned.union(late)) }
        environment.log.warning("\(left.count) of \(sent.count) instances of '\(application.name)' did not open at once; trying again", ["pause": id.rawValue])
        let limit = environment.limits.unpauseProof, opener = PauseOpener(environment: environment, journal: journal)
        let unproven = await opener.open(left, access) { began, now in now - began >= limit }
        return Opening(provenAt: journal.now, unproven: unproven, abandoned: abandoned.union(late))
    }

    /// Instances that may carry out a Pause only now: it has no answer, or broke off without one.
    private var abandoned: Set<PauseTarget> { Set(instances.filter(\.mayPauseLate).map(\.target)) }

    private func open(_ instance: ApplicationInstance) async -> Bool {
        guard case .success = await instance.unpause() else { return false }
        guard instance.isVerifiable else { return true }
        return switch await instance.isPaused() {
        case .success(false), .success(nil): true
        default: false
        }
    }

    /// Records how it ended, and ends the guardians. An instance that is not proven open stays locked and open work in the catalogue: the registry goes on with it.
    func conclude(_ opened: Opening, window: PauseWindow?, _ guards: PauseGuardPair) async throws {
        var opening = opened
        if !opening.abandoned.isEmpty, opening.unproven.isEmpty { opening.unproven = await watchAbandoned(opening.abandoned) }
        await guards.release(openIsProven: opening.unproven.isEmpty, recorder)
        do {
            if opening.unproven.isEmpty {
                try await catalog.endPause(id, window: window, at: environment.clock())
            } else {
                try await catalog.setPause(id, state: .unconfirmed, detail: notOpened(opening).description)
            }
            try await catalog.appendPauseCalls(id, journal.all)
        } catch {
            await recorder.note(.error, "the end of pause \(id) cannot be recorded: \(Failure(error))", code: "pause.not-recorded")
            await environment.pauseKeeper.take(id, environment)
        }
        guard !opening.unproven.isEmpty else { return }
        let failure = notOpened(opening)
        environment.log.error("\(failure)", ["pause": id.rawValue])
        await environment.pauseKeeper.take(id, environment)
        throw failure
    }

    /// For a pause that never sent anything.
    func endUnsent() async {
        do {
            try await catalog.endPause(id, at: environment.clock())
        } catch {
            await recorder.note(.error, "the end of pause \(id), of which nothing was sent, cannot be recorded: \(Failure(error))", code: "pause.not-recorded")
            await environment.pauseKeeper.take(id, environment)
        }
    }

    private func notOpened(_ opening: Opening) -> Failure {
        PauseOpener.failure(application.name, opening.unproven, tls: access.tls, pause: id)
    }

    /// A Pause that was given up may be read by its server only now, after our Unpause: looks on until each is answered, or can have no effect any more, and opens
    /// what closes.
    ///
    /// - Returns: Those that are not proven open in the end.
    private func watchAbandoned(_ targets: Set<PauseTarget>) async -> [(target: PauseTarget, error: String)] {
        let opener = PauseOpener(environment: environment, journal: journal), time = Duration.seconds(settings.drainSeconds) + environment.limits.lateMargin
        environment.log.warning(
            "a Pause to \(targets.sorted().map(\.description).joined(separator: ", ")) was given up: watching that it takes no effect late", ["pause": id.rawValue])
        let lost = await opener.watch(targets.sorted(), access, for: time) { abandoned.isEmpty }
        // Answered after our Unpause, it may have closed the gate after it too.
        let late = instances.filter { targets.contains($0.target) && !$0.isBusy }
        let answers = await gather(late, within: .seconds(settings.callSeconds + 1)) { await open($0) }
        let left = Set(late.map(\.target).filter { answers[$0] != true } + lost.map(\.target)).sorted(), limit = environment.limits.unpauseProof
        let unproven = await opener.open(left, access) { began, now in now - began >= limit }
        if unproven.isEmpty {
            await recorder.note(
                .warning, "a Pause to \(targets.sorted().map(\.description).joined(separator: ", ")) was given up; it had no effect that lasted", code: "pause.watched-late")
        }
        return unproven
    }
}

/// Opens instances over connections of their own.
struct PauseOpener: Sendable {
    let environment: OperationsEnvironment
    let journal: PauseJournal

    /// - Parameter isOver: Given the beginning and now; true ends the trying.
    /// - Returns: Those that are not proven open.
    func open(
        _ targets: [PauseTarget], _ access: PauseAccess, isOver: @escaping @Sendable (ContinuousClock.Instant, ContinuousClock.Instant) -> Bool
    ) async -> [(target: PauseTarget, error: String)] {
        guard !targets.isEmpty else { return [] }
        let outcomes = await run(targets, access, watching: .zero, isOver: isOver)
        return outcomes.filter { !$0.isOpen }.map { ($0.target, $0.lastError?.description ?? "no answer") }
    }

    /// Asks again and again, and opens what closes.
    ///
    /// - Returns: Those that were not open when it ended.
    func watch(
        _ targets: [PauseTarget], _ access: PauseAccess, for time: Duration, unless isOver: @escaping @Sendable () -> Bool = { false }
    ) async -> [(target: PauseTarget, error: String)] {
        let outcomes = await run(targets, access, watching: time) { _, _ in isOver() }
        return outcomes.filter { !$0.isOpen }.map { ($0.target, $0.lastError?.description ?? "no answer") }
    }

    private func run(
        _ targets: [PauseTarget], _ access: PauseAccess, watching: Duration, isOver: @escaping @Sendable (ContinuousClock.Instant, ContinuousClock.Instant) -> Bool
    ) async -> [UnpauseOutcome] {
        let openLink = environment.pausing.openLink, journal = journal, began = journal.now
        let some = PauseAccess(targets: targets, tls: access.tls, callSeconds: access.callSeconds)
        let unpausing = Unpausing(access: some, open: { openLink($0, some) }, watching: watching)
        return await withCheckedContinuation { continuation in
            // A thread of its own: the pool may be busy with stores.
            Thread.detach {
                continuation.resume(returning: unpausing.run(isStopped: { isOver(began, journal.now) }, onCall: { call in
                    journal.add(call.target, call.name, from: call.sent, to: call.answered, call.outcome)
                }))
            }
        }
    }

    static func failure(_ application: ApplicationName, _ unproven: [(target: PauseTarget, error: String)], tls: PauseTLS?, pause: PauseID?) -> Failure {
        let names = unproven.map { "\($0.target) (\($0.error))" }.joined(separator: ", ")
        let byHand = unproven.map { commandByHand(unpause: $0.target, tls: tls) }.joined(separator: "\n")
        return Failure(
            "pause.not-opened", "UNPAUSE FAILED: '\(application)' may still be paused at \(names)", hint: "aeneas pause end \(pause?.rawValue ?? application.rawValue), or by hand, for each instance:\n\(byHand)",
            recovery: .retry)
    }
}
