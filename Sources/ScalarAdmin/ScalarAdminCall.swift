package import BackupModel

/// One call as it was made and answered; `PauseCall` is the same by the clock of one pause.
package struct ScalarAdminCall: Sendable {
    package let target: PauseTarget
    package let name: PauseCall.Name
    package let sent: ContinuousClock.Instant
    package let answered: ContinuousClock.Instant
    /// As `PauseCall.outcome`.
    package let outcome: String

    package init(target: PauseTarget, name: PauseCall.Name, sent: ContinuousClock.Instant, answered: ContinuousClock.Instant, outcome: String) {
        self.target = target
        self.name = name
        self.sent = sent
        self.answered = answered
        self.outcome = outcome
    }
}
