package import BackupModel
package import ScalarAdmin

/// What an instance of an application may be told to do, the fake one and that on grpcio alike. Each stays until `normal`, unless it says otherwise.
package enum InstanceBehaviour: Sendable {
    /// Ends all of the others; a death is ended by `start` alone.
    case normal
    /// From each Pause on, something is under way for so long.
    case slowDrain(seconds: Double)
    /// Each Pause fails at once, as if the time for draining had passed: FAILED_PRECONDITION, and the gate is open again.
    case failingDrain
    /// Takes calls of these kinds, carries nothing out and never answers.
    case silent([PauseCall.Name])
    /// Carries calls of this kind out at once, and answers after so long.
    case delay(PauseCall.Name, seconds: Double)
    /// The next calls of this kind are answered so and not carried out.
    case fail(PauseCall.Name, GRPCStatus, times: Int)
    /// Dies when the next Pause comes, without an answer.
    case dieBeforePause
    /// Dies when the next Pause has been answered.
    case dieAfterPause
    /// Opens its gate by itself so long after each Pause.
    case reopen(milliseconds: Int)
    /// Answers OK to the next Unpauses, and stays paused.
    case ignoreUnpause(times: Int)
    /// Does not know CheckPaused.
    case withoutCheck
    /// At once: connections are cut and nobody listens any more.
    case stop
    /// At once: it listens again, with an open gate.
    case start
    /// At once: both.
    case restart
}

package protocol ScalarAdminInstance: Sendable {
    var target: PauseTarget { get }
    func link() -> any ScalarAdminLink
    func tell(_ behaviour: InstanceBehaviour) throws
    /// What the gate itself says.
    var isOpen: Bool { get throws }
}

extension PauseCall.Name {
    package static let all: [PauseCall.Name] = [.pause, .unpause, .checkPaused]
}
