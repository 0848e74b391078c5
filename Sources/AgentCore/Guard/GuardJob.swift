import BackupModel
import Glibc
import ScalarAdmin
import Synchronization
import Threads

/// Watches over a paused application from a node, in case the master's whole host is gone.
///
/// The job ends when it is cancelled (what it finds paused is opened first), or once it has opened everything because nobody followed it for its lease or the
/// deadline passed. Before that nothing ends it: a lease that has run out is its reason to act, not to stop.
struct GuardJob {
    let work: GuardWork
    let context: JobContext
    var open: (@Sendable (PauseTarget) -> any ScalarAdminLink)?
    var timing = PauseGuardian.Timing()

    /// - Throws: `pause.guardian-cannot-reach` when it reaches no instance at all.
    func run() throws -> GuardResult {
        let guardian = PauseGuardian(work, open: open, timing: timing, say: context.note)
        let watch = Watch(guardian: guardian, stop: context.stop, followers: context.followers)
        watch.begin()
        defer { watch.end() }
        try tell(guardian.reach())
        let result = guardian.run()
        if !result.unpaused.isEmpty {
            let opened = result.unpaused.map(\.description).joined(separator: ", ")
            context.note(Note(.warning, "the guardian has opened \(opened) of application '\(work.application)' (\(result.reason))", code: "pause.guardian-acted"))
        }
        return result
    }

    private func tell(_ found: [(target: PauseTarget, answer: Result<Bool?, ScalarAdminError>)]) throws {
        let missed = found.compactMap { target, answer in if case .failure(let error) = answer { "\(target) (\(error))" } else { nil as String? } }
        let reached = found.compactMap { target, answer in if case .success = answer { target.description } else { nil as String? } }
        let rest = missed.isEmpty ? "" : "; it does not reach \(missed.joined(separator: ", "))"
        guard !reached.isEmpty else {
            throw Failure(
                "pause.guardian-cannot-reach", "no instance of application '\(work.application)' can be reached from this node: \(missed.joined(separator: ", "))",
                hint: "do the nodes reach the application's hosts and ports?", recovery: .retry)
        }
        let words = "the guardian of application '\(work.application)' reaches \(reached.joined(separator: ", "))\(rest)"
        context.note(Note(missed.isEmpty ? .info : .warning, words, code: "pause.guardian-reach"))
    }

    /// Looks four times a second for what the guardian is to hear.
    private final class Watch: Sendable {
        private let guardian: PauseGuardian
        private let stop: StopSignal
        private let followers: FollowerWatch
        private let hasEnded = Atomic(false)

        init(guardian: PauseGuardian, stop: StopSignal, followers: FollowerWatch) {
            self.guardian = guardian
            self.stop = stop
            self.followers = followers
        }

        func begin() {
            Thread.detach { [self] in
                var followers = followers
                while !hasEnded.load(ordering: .relaxed) {
                    if stop.isSet { return guardian.order(.stopped) }
                    if followers.isSilent() { return guardian.order(.masterSilent) }
                    usleep(250_000)
                }
            }
        }

        func end() { hasEnded.store(true, ordering: .relaxed) }
    }
}
