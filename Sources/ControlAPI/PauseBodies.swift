package import BackupModel

/// `POST /v1/pauses`: exactly one of `holdMilliseconds` and `byCommand`.
package struct PauseStartBody: Codable, Hashable, Sendable {
    package var application: ApplicationName
    /// For so long the window is held.
    package var holdMilliseconds: Int?
    /// The window is held until `finish`, as long as `alive` comes at least every few seconds.
    package var byCommand: Bool?
    /// The longest that the window may be; nil: as the application's settings say.
    package var maxSeconds: Int?
    package init(application: ApplicationName, holdMilliseconds: Int? = nil, byCommand: Bool? = nil, maxSeconds: Int? = nil) {
        self.application = application
        self.holdMilliseconds = holdMilliseconds
        self.byCommand = byCommand
        self.maxSeconds = maxSeconds
    }
}

/// `POST /v1/pauses/{id}/finish`.
package struct PauseFinishBody: Codable, Hashable, Sendable {
    /// Of the command that the window was held for.
    package var exitStatus: Int
    package init(exitStatus: Int) { self.exitStatus = exitStatus }
}

/// What `alive` and `finish` answer.
package struct PauseStateBody: Codable, Hashable, Sendable {
    package var id: PauseID
    /// As `PauseBody.state`; `checking` until it stands in the catalogue, with nothing sent yet.
    package var state: String
    package init(id: PauseID, state: String) {
        self.id = id
        self.state = state
    }
}

package struct PauseBody: Codable, Hashable, Sendable {
    package var id: PauseID
    package var run: RunID
    package var application: ApplicationName
    /// `intended`, `paused`, `ended`, `unconfirmed`.
    package var state: String
    package var targets: [PauseTarget]
    package var intended: Timestamp
    package var deadline: Timestamp
    package var windowStarted: Timestamp?
    package var ended: Timestamp?
    /// Without its calls, except with `GET /v1/pauses/{id}`.
    package var window: PauseWindow?
    /// With `GET /v1/pauses/{id}` only.
    package var calls: [PauseCall]?
    package var detail: String?

    package init(
        id: PauseID, run: RunID, application: ApplicationName, state: String, targets: [PauseTarget], intended: Timestamp, deadline: Timestamp,
        windowStarted: Timestamp? = nil,
        ended: Timestamp? = nil, window: PauseWindow? = nil, calls: [PauseCall]? = nil, detail: String? = nil
    ) {
        self.id = id
        self.run = run
        self.application = application
        self.state = state
        self.targets = targets
        self.intended = intended
        self.deadline = deadline
        self.windowStarted = windowStarted
        self.ended = ended
        self.window = window
        self.calls = calls
        self.detail = detail
    }

    /// Whether an instance may still be closed.
    package var isOpen: Bool { state != "ended" }
}
