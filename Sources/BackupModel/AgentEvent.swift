/// What an agent says. First `hello`, once; then for each request any number of others and one that ends it: `result` or `failed`.
package enum AgentEvent: Codable, Sendable {
    case hello(AgentHello)
    /// Nothing new, still here: at least every ten seconds while a request is in work.
    case heartbeat
    case progress(Progress)
    case note(Note)
    /// An event of a followed job with its place in the job's journal, from 1.
    case job(number: Int, JobEvent)
    case result(AgentResult)
    case failed(Failure)
}

package struct AgentHello: Codable, Hashable, Sendable {
    package static let currentProtocol = 1
    package var protocolVersion: Int
    /// Of the running binary itself: the master compares it with the one it would push.
    package var binarySHA256: SHA256Hex
    package var version: String
    package var pid: Int
    package var hostName: String

    package init(binarySHA256: SHA256Hex, version: String, pid: Int, hostName: String) {
        protocolVersion = Self.currentProtocol
        self.binarySHA256 = binarySHA256
        self.version = version
        self.pid = pid
        self.hostName = hostName
    }
}

/// How far a phase has come. Totals grow while they are being found out.
package struct Progress: Codable, Hashable, Sendable {
    /// `upload`, `download`, `place`, `repair`, `verify`, `start`.
    package var phase: String
    package var itemsDone: Int
    package var itemsTotal: Int
    package var bytesDone: Int
    package var bytesTotal: Int
    /// Of `bytesDone`, those that did not have to travel.
    package var bytesReused: Int
    /// What is in work, for people: a keyspace, a file.
    package var current: String?

    package init(phase: String, itemsDone: Int = 0, itemsTotal: Int = 0, bytesDone: Int = 0, bytesTotal: Int = 0, bytesReused: Int = 0, current: String? = nil) {
        self.phase = phase
        self.itemsDone = itemsDone
        self.itemsTotal = itemsTotal
        self.bytesDone = bytesDone
        self.bytesTotal = bytesTotal
        self.bytesReused = bytesReused
        self.current = current
    }
}

package struct Note: Codable, Hashable, Sendable {
    package enum Level: String, Codable, Sendable { case info, warning, error }
    package var level: Level
    package var text: String
    /// As `Failure.code`, where the note tells of trouble.
    package var code: String?
    package init(_ level: Level, _ text: String, code: String? = nil) {
        self.level = level
        self.text = text
        self.code = code
    }
}

/// A line of a job's journal.
package enum JobEvent: Codable, Sendable {
    case progress(Progress)
    case note(Note)
    case ended(JobOutcome)
}

package enum JobOutcome: Codable, Sendable {
    case succeeded(JobResult)
    case failed(Failure)
}

package enum AgentResult: Codable, Sendable {
    case facts(NodeFacts)
    case done
    case snapshotTaken(SnapshotTaken)
    case jobStarted(JobID)
    /// It still runs, when it was to be followed for some seconds only.
    case jobRuns
    case jobEnded(JobOutcome)
    case jobs([JobStatus])
    case restore(RestoreStatus)
    case measured(FoldersMeasured)
}

/// The node's clock just before and just after the call to Cassandra.
package struct SnapshotTaken: Codable, Hashable, Sendable {
    package var started: Timestamp
    package var ended: Timestamp
    /// Of the call to Cassandra alone, by the monotonic clock; nil from an older agent.
    package var microseconds: Int?
    package init(started: Timestamp, ended: Timestamp, microseconds: Int? = nil) {
        self.started = started
        self.ended = ended
        self.microseconds = microseconds
    }
}

package struct JobStatus: Codable, Hashable, Sendable {
    package enum State: String, Codable, Sendable { case running, ended, died }
    package var id: JobID
    package var state: State
    package init(id: JobID, state: State) {
        self.id = id
        self.state = state
    }
}

package enum JobResult: Codable, Sendable {
    case done
    case uploaded(UploadResult)
    case staged(StageResult)
    case started(StartResult)
    case repaired(RepairResult)
    /// Also when something is wrong with the backup: finding that out is what was asked.
    case verified(VerifyResult)
    case guarded(GuardResult)
}

package struct VerifyResult: Codable, Hashable, Sendable {
    package var counts: ManifestEnd
    package var objects: Int
    package var bytesRead: Int
    /// Missing, cut or other bytes; empty when the part is whole.
    package var faults: [ObjectFault]
    /// Known since the backup: damaged on the node, faithfully kept.
    package var damagedAtSource: Int

    package init(counts: ManifestEnd, objects: Int, bytesRead: Int, faults: [ObjectFault], damagedAtSource: Int) {
        self.counts = counts
        self.objects = objects
        self.bytesRead = bytesRead
        self.faults = faults
        self.damagedAtSource = damagedAtSource
    }
}

package struct ObjectFault: Codable, Hashable, Sendable {
    package enum Kind: String, Codable, Sendable { case missing, cutShort = "cut-short", changed, unreadable }
    /// As text: it may be the manifest's own.
    package var key: String
    package var kind: Kind
    package var detail: String

    package init(key: String, kind: Kind, detail: String) {
        self.key = key
        self.kind = kind
        self.detail = detail
    }
}

package struct FoldersMeasured: Codable, Hashable, Sendable {
    package struct Use: Codable, Hashable, Sendable {
        package var space: FolderSpace
        /// Bytes of all files below it, hard links counted once.
        package var used: Int
        package init(space: FolderSpace, used: Int) {
            self.space = space
            self.used = used
        }
    }

    /// Data folders in order, then commit log, hints, saved caches and cdc as far as they are known.
    package var folders: [Use]
    /// Processes that hold files there open: "1234 java".
    package var holders: [String]

    package init(folders: [Use], holders: [String]) {
        self.folders = folders
        self.holders = holders
    }
}

package struct UploadResult: Codable, Hashable, Sendable {
    package var manifestSHA256: SHA256Hex
    package var manifestSize: Int
    package var counts: ManifestEnd
    package var sentObjects: Int
    package var sentBytes: Int
    /// SSTables of which nothing had to be read or sent.
    package var reusedSSTables: Int
    /// Requests to the store, of every kind.
    package var requests: Int
    package var damaged: [DamagedSSTable]
    /// `keyspace.table` → seconds, from each table's `schema.cql`.
    package var gcGraceSeconds: [String: Int]

    package init(
        manifestSHA256: SHA256Hex, manifestSize: Int, counts: ManifestEnd, sentObjects: Int, sentBytes: Int, reusedSSTables: Int, requests: Int, damaged: [DamagedSSTable],
        gcGraceSeconds: [String: Int]
    ) {
        self.manifestSHA256 = manifestSHA256
        self.manifestSize = manifestSize
        self.counts = counts
        self.sentObjects = sentObjects
        self.sentBytes = sentBytes
        self.reusedSSTables = reusedSSTables
        self.requests = requests
        self.damaged = damaged
        self.gcGraceSeconds = gcGraceSeconds
    }
}

package struct StageResult: Codable, Hashable, Sendable {
    package var counts: ManifestEnd
    /// SSTables that an earlier try had left whole in the staging folder.
    package var reusedSSTables: Int
    package init(counts: ManifestEnd, reusedSSTables: Int) {
        self.counts = counts
        self.reusedSSTables = reusedSSTables
    }
}

package struct StartResult: Codable, Hashable, Sendable {
    package var hostID: HostID
    package var tokens: [String]
    package var mode: String
    package init(hostID: HostID, tokens: [String], mode: String) {
        self.hostID = hostID
        self.tokens = tokens
        self.mode = mode
    }
}

package struct RepairResult: Codable, Hashable, Sendable {
    package var repaired: [KeyspaceName]
    /// Nothing to do: one replica only.
    package var skipped: [KeyspaceName]
    package init(repaired: [KeyspaceName], skipped: [KeyspaceName]) {
        self.repaired = repaired
        self.skipped = skipped
    }
}

/// What one restore has left on a node.
package struct RestoreStatus: Codable, Hashable, Sendable {
    package enum Step: String, Codable, Sendable {
        /// Nothing of it is here.
        case none
        /// Some is staged; the live folders are untouched.
        case staged
        /// Between two renames: neither old nor new is whole.
        case placing
        case placed
        case rollingBack
    }

    package var step: Step
    package var asideBytes: Int
    package init(step: Step, asideBytes: Int) {
        self.step = step
        self.asideBytes = asideBytes
    }
}
