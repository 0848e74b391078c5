package import BackupModel

package enum StageState: String, Codable, Hashable, Sendable {
    case pending
    case running
    case done
    case failed
    case skipped
    case interrupted
}

package struct StageRecord: Codable, Hashable, Sendable {
    package var run: RunID
    /// From 1; a stage that is repeated has another ordinal.
    package var ordinal: Int
    package var name: String
    package var state: StageState
    package var startedAt: Timestamp
    package var endedAt: Timestamp?
    package var detail: String?

    package init(run: RunID, ordinal: Int, name: String, state: StageState, startedAt: Timestamp, endedAt: Timestamp? = nil, detail: String? = nil) {
        self.run = run
        self.ordinal = ordinal
        self.name = name
        self.state = state
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.detail = detail
    }
}

/// How far one node is in a run.
package struct RunNodeRecord: Codable, Hashable, Sendable {
    package var run: RunID
    package var hostID: HostID
    package var address: String
    package var stage: String
    /// The agent's detached work, while there is some.
    package var job: JobID?
    package var state: String
    package var progress: Progress?
    package var failure: Failure?
    package var updatedAt: Timestamp

    package init(
        run: RunID, hostID: HostID, address: String, stage: String, job: JobID? = nil, state: String, progress: Progress? = nil, failure: Failure? = nil,
        updatedAt: Timestamp
    ) {
        self.run = run
        self.hostID = hostID
        self.address = address
        self.stage = stage
        self.job = job
        self.state = state
        self.progress = progress
        self.failure = failure
        self.updatedAt = updatedAt
    }
}

/// Something that a run has to tell.
package struct RunEvent: Codable, Hashable, Sendable {
    package var run: RunID
    /// From 1 in each run, without gaps.
    package var number: Int
    package var at: Timestamp
    package var level: Note.Level
    /// Its address, when the event concerns one node.
    package var node: String?
    package var text: String
    /// As `Failure.code`.
    package var code: String?

    package init(run: RunID, number: Int, at: Timestamp, level: Note.Level, node: String? = nil, text: String, code: String? = nil) {
        self.run = run
        self.number = number
        self.at = at
        self.level = level
        self.node = node
        self.text = text
        self.code = code
    }
}
