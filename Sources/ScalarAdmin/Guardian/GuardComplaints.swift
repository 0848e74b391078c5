import BackupModel
import Synchronization

/// Says which instances cannot be opened, loudly and not too often.
final class GuardComplaints: Sendable {
    private let work: GuardWork
    private let timing: PauseGuardian.Timing
    private let say: @Sendable (Note) -> Void
    private let began = monotonicSeconds()
    private let said = Mutex<[PauseTarget: Double]>([:])

    init(_ work: GuardWork, _ timing: PauseGuardian.Timing, _ say: @escaping @Sendable (Note) -> Void) {
        self.work = work
        self.timing = timing
        self.say = say
    }

    func hear(_ call: ScalarAdminCall) {
        guard !["ok", "open", "unimplemented"].contains(call.outcome), isDue(call.target) else { return }
        let seconds = Int(monotonicSeconds() - began), outcome = call.name == .unpause ? call.outcome : "it answers Unpause with OK, but then: \(call.outcome)"
        say(
            Note(
                .error,
                "instance \(call.target) of application '\(work.application)' may still refuse work: unable to unpause it for \(seconds) s (\(outcome)); "
                    + "the guardian goes on trying; by hand: \(commandByHand(unpause: call.target, tls: work.access.tls))", code: "pause.unpause-failed"))
    }

    func settle(_ target: PauseTarget) {
        guard said.withLock({ $0.removeValue(forKey: target) }) != nil else { return }
        say(Note(.info, "instance \(target) of application '\(work.application)' is open again"))
    }

    private func isDue(_ target: PauseTarget) -> Bool {
        let now = monotonicSeconds()
        return said.withLock { said in
            guard now >= (said[target].map { $0 + timing.complaintEvery.seconds } ?? began + timing.firstComplaint.seconds) else { return false }
            said[target] = now
            return true
        }
    }
}
