import BackupModel
import ControlAPI
import Glibc
import Synchronization
import Threads

/// Tells the master each second that the command in its window is still at work, and learns when the master has ended the pause.
final class SignsOfLife: Sendable {
    /// The master opens the application when it hears nothing for five; a guardian does after three of the master's own silence.
    private static let patience = Duration.seconds(5)

    private struct State {
        var isEnded = false
        var over: Failure?
    }

    private let state = Mutex(State())

    init(of pause: PauseID, client: @escaping @Sendable () -> ControlClient) {
        Thread.detach { self.go(pause, client()) }
    }

    /// Why the pause is over; nil while it holds.
    var over: Failure? { state.withLock { $0.over } }

    /// Nothing is sent any more, but for what is on its way.
    func end() { state.withLock { $0.isEnded = true } }

    private var goesOn: Bool { state.withLock { !$0.isEnded && $0.over == nil } }

    private func go(_ pause: PauseID, _ client: ControlClient) {
        var heard = ContinuousClock.now
        while goesOn {
            let sent = ContinuousClock.now
            do {
                let answer: PauseStateBody = try client.post("/pauses/\(pause)/alive", seconds: 3)
                heard = .now
                if !["checking", "intended", "paused"].contains(answer.state) { tell("pause.not-open", "the master has ended the pause") }
            } catch let error as ControlError where error.mayPass {
                if ContinuousClock.now - heard > Self.patience {
                    tell("control.unreachable", "the master has not answered for \(Self.patience.components.seconds) s, and its guardian opens the application")
                }
            } catch {
                tell("pause.not-open", "the master has ended the pause")
            }
            while goesOn, ContinuousClock.now < sent + .seconds(1) { usleep(20_000) }
        }
    }

    private func tell(_ code: String, _ text: String) { state.withLock { $0.over = $0.over ?? Failure(code, text) } }
}
