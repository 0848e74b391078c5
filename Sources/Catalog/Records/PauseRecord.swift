package import BackupModel

package enum PauseState: String, Codable, Hashable, Sendable {
    /// Pause may have been sent to any target.
    case intended
    /// Every target has answered it.
    case paused
    /// Every target was proven open.
    case ended
    /// Not every target could be proven open, yet: there is still work to do.
    case unconfirmed
}

/// One pause of one application.
package struct PauseRecord: Codable, Hashable, Sendable {
    package var id: PauseID
    /// The backup that it serves, or a run of kind `pause`.
    package var run: RunID
    /// As it was called then.
    package var application: ApplicationName
    package var state: PauseState
    /// The targets as they were resolved, and how they are reached.
    package var access: PauseAccess
    package var intendedAt: Timestamp
    /// When a guardian opens the targets whatever happens.
    package var deadlineAt: Timestamp
    /// When the window began.
    package var windowAt: Timestamp?
    package var endedAt: Timestamp?
    /// nil also when there was none.
    package var window: PauseWindow?
    package var detail: String?

    package init(
        id: PauseID, run: RunID, application: ApplicationName, state: PauseState = .intended, access: PauseAccess, intendedAt: Timestamp, deadlineAt: Timestamp,
        windowAt: Timestamp? = nil, endedAt: Timestamp? = nil, window: PauseWindow? = nil, detail: String? = nil
    ) {
        self.id = id
        self.run = run
        self.application = application
        self.state = state
        self.access = access
        self.intendedAt = intendedAt
        self.deadlineAt = deadlineAt
        self.windowAt = windowAt
        self.endedAt = endedAt
        self.window = window
        self.detail = detail
    }
}
