import BackupModel
import ScalarAdmin
import Synchronization

/// The calls of one pause as they are made and answered. In memory: nothing is written while the application waits.
final class PauseJournal: Sendable {
    private let calls = Mutex<[PauseCall]>([])
    private let clock = ContinuousClock()
    private let origin: ContinuousClock.Instant

    init() { origin = clock.now }

    var now: ContinuousClock.Instant { clock.now }
    var all: [PauseCall] { calls.withLock { $0.sorted { $0.sentMicroseconds < $1.sentMicroseconds } } }

    func microseconds(_ instant: ContinuousClock.Instant) -> Int { (instant - origin).microseconds }

    func add(_ target: PauseTarget, _ name: PauseCall.Name, from sent: ContinuousClock.Instant, to answered: ContinuousClock.Instant, _ outcome: String) {
        let call = PauseCall(
            target: target, name: name, sentMicroseconds: microseconds(sent), tookMicroseconds: (answered - sent).microseconds, outcome: outcome)
        calls.withLock { $0.append(call) }
    }
}

extension Duration {
    var microseconds: Int { Int(components.seconds) * 1_000_000 + Int(components.attoseconds / 1_000_000_000_000) }
}
