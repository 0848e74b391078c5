package import BackupModel

/// Every answer that is not a success: HTTP status by kind, this as its body.
package struct FailureBody: Codable, Hashable, Sendable {
    package var failure: Failure
    package var run: RunID?
    package init(failure: Failure, run: RunID? = nil) {
        self.failure = failure
        self.run = run
    }
}

package struct HealthBody: Codable, Hashable, Sendable {
    package var version: String
    package var started: Timestamp
    package var runningRuns: Int
    package init(version: String, started: Timestamp, runningRuns: Int) {
        self.version = version
        self.started = started
        self.runningRuns = runningRuns
    }
}

/// `POST /v1/clusters`.
package struct ClusterAddBody: Codable, Hashable, Sendable {
    package var name: ClusterName
    package var contact: HostAddress
    package var settings: ClusterSettingsBody
    /// Pins each host key that is met and not known. A changed one is refused all the same.
    package var acceptNewHostKeys: Bool
    package init(name: ClusterName, contact: HostAddress, settings: ClusterSettingsBody, acceptNewHostKeys: Bool) {
        self.name = name
        self.contact = contact
        self.settings = settings
        self.acceptNewHostKeys = acceptNewHostKeys
    }
}

/// What the master must know to work on a cluster; what is nil has the default that `aeneas cluster add --help` names.
package struct ClusterSettingsBody: Codable, Hashable, Sendable {
    package var sshUser: String?
    package var sshPort: Int?
    /// Path on the master.
    package var sshKeyFile: String?
    /// Folder on the nodes for the agent and its jobs, absolute or below the login folder.
    package var agentFolder: String?
    package var jmxHost: String?
    package var jmxPort: Int?
    /// Path on the master of a file with "user password".
    package var jmxCredentialsFile: String?
    package var jmxTLS: Bool?
    /// Path on the nodes.
    package var jmxTLSCAFile: String?
    /// Program and arguments; `{address}` and `{host_id}` stand for the node's.
    package var stopCommand: [String]?
    package var startCommand: [String]?
    package var workers: Int?
    package var bytesPerSecond: Int?
    package var store: StoreName?
    package var application: ApplicationName?
    /// Whether a backup that does not say is to be consistent.
    package var consistent: Bool?
    /// Run by the master inside the window of every consistent backup.
    package var windowCommands: [WindowCommandBody]?
    package var startTimeoutSeconds: Int?
    package var stopTimeoutSeconds: Int?
    package var repairTimeoutSeconds: Int?
    /// By the node's address in the cluster.
    package var nodes: [String: NodeSettingsBody]?

    package init() {}
}

/// Program and arguments, run without a shell; `name` is that of what it writes to its standard output.
package struct WindowCommandBody: Codable, Hashable, Sendable {
    package var name: FileName
    package var words: [String]
    package init(name: FileName, words: [String]) {
        self.name = name
        self.words = words
    }
}

package struct NodeSettingsBody: Codable, Hashable, Sendable {
    package var sshHost: HostAddress?
    package var sshPort: Int?
    package var jmxHost: String?
    package var jmxPort: Int?
    package init() {}
}

package struct ClusterBody: Codable, Hashable, Sendable {
    package var id: ClusterID
    package var name: ClusterName
    package var cassandraName: String
    package var release: String
    package var partitioner: String
    package var snitch: String
    package var schemaVersion: String
    package var registered: Timestamp
    package var seen: Timestamp
    package var store: StoreName?
    package var application: ApplicationName?
    package var consistent: Bool
    package var windowCommands: [WindowCommandBody]
    package var nodes: [NodeBody]
    package var keyspaces: [String: Replication]

    package init(
        id: ClusterID, name: ClusterName, cassandraName: String, release: String, partitioner: String, snitch: String, schemaVersion: String, registered: Timestamp, seen: Timestamp,
        store: StoreName?, application: ApplicationName? = nil, consistent: Bool = false, windowCommands: [WindowCommandBody] = [], nodes: [NodeBody], keyspaces: [String: Replication]
    ) {
        self.id = id
        self.name = name
        self.cassandraName = cassandraName
        self.release = release
        self.partitioner = partitioner
        self.snitch = snitch
        self.schemaVersion = schemaVersion
        self.registered = registered
        self.seen = seen
        self.store = store
        self.application = application
        self.consistent = consistent
        self.windowCommands = windowCommands
        self.nodes = nodes
        self.keyspaces = keyspaces
    }
}

package struct NodeBody: Codable, Hashable, Sendable {
    package var hostID: HostID
    package var address: String
    package var datacenter: String
    package var rack: String
    package var release: String
    package var tokens: [String]
    package var folders: NodeFolders
    package var seen: Timestamp

    package init(hostID: HostID, address: String, datacenter: String, rack: String, release: String, tokens: [String], folders: NodeFolders, seen: Timestamp) {
        self.hostID = hostID
        self.address = address
        self.datacenter = datacenter
        self.rack = rack
        self.release = release
        self.tokens = tokens
        self.folders = folders
        self.seen = seen
    }
}

/// `POST /v1/hosts/scan`, `POST /v1/hosts/trust`.
package struct HostScanBody: Codable, Hashable, Sendable {
    package var address: HostAddress
    package var port: Int
    package init(address: HostAddress, port: Int) {
        self.address = address
        self.port = port
    }
}

package struct HostTrustBody: Codable, Hashable, Sendable {
    package var address: HostAddress
    package var port: Int
    /// The key is pinned only if the host still shows this one.
    package var fingerprint: String
    package init(address: HostAddress, port: Int, fingerprint: String) {
        self.address = address
        self.port = port
        self.fingerprint = fingerprint
    }
}

package struct HostKeyBody: Codable, Hashable, Sendable {
    package var address: HostAddress
    package var port: Int
    package var algorithm: String
    package var fingerprint: String
    /// `pinned`, `unknown` or `changed`.
    package var trust: String
    package var pinned: [String]
    package init(address: HostAddress, port: Int, algorithm: String, fingerprint: String, trust: String, pinned: [String]) {
        self.address = address
        self.port = port
        self.algorithm = algorithm
        self.fingerprint = fingerprint
        self.trust = trust
        self.pinned = pinned
    }
}

/// `POST /v1/stores`; and what `GET` answers, which never holds a secret because the master keeps none.
package struct StoreBody: Codable, Hashable, Sendable {
    package enum Kind: String, Codable, Sendable { case folder, s3 }
    package var name: StoreName
    package var kind: Kind
    /// Folder: its absolute path, the same on the master and on every node.
    package var path: String?
    package var endpoint: String?
    package var region: String?
    package var bucket: String?
    package var prefix: String?
    package var pathStyle: Bool?
    /// Path on the master of a file in the form of `~/.aws/credentials`.
    package var credentialsFile: String?
    package var profile: String?
    /// Path on the master of a PEM file with the authorities to trust in place of the system's.
    package var caFile: String?
    package var storeID: ClusterID?

    package init(name: StoreName, kind: Kind) {
        self.name = name
        self.kind = kind
    }
}

package struct StoreCheckBody: Codable, Hashable, Sendable {
    package var place: String
    package var storeID: ClusterID
    package var conditionalCreate: Bool
    package var clockOffsetMilliseconds: Int?
    package init(place: String, storeID: ClusterID, conditionalCreate: Bool, clockOffsetMilliseconds: Int?) {
        self.place = place
        self.storeID = storeID
        self.conditionalCreate = conditionalCreate
        self.clockOffsetMilliseconds = clockOffsetMilliseconds
    }
}

/// `POST /v1/backups`.
package struct BackupStartBody: Codable, Hashable, Sendable {
    package var cluster: ClusterName
    /// The cluster's own when nil.
    package var store: StoreName?
    /// Empty: all.
    package var keyspaces: [KeyspaceName]
    /// nil: as the cluster's settings say.
    package var consistent: Bool?
    /// Whether a backup that was to be consistent and is not is kept as one that is not.
    package var keepPlain: Bool?
    /// Run inside the window, besides the cluster's own.
    package var commands: [WindowCommandBody]?
    package init(
        cluster: ClusterName, store: StoreName? = nil, keyspaces: [KeyspaceName] = [], consistent: Bool? = nil, keepPlain: Bool? = nil,
        commands: [WindowCommandBody]? = nil
    ) {
        self.cluster = cluster
        self.store = store
        self.keyspaces = keyspaces
        self.consistent = consistent
        self.keepPlain = keepPlain
        self.commands = commands
    }
}

package struct RunStartedBody: Codable, Hashable, Sendable {
    package var run: RunID
    package var backup: BackupID?
    package var restore: RestoreID?
    package var pause: PauseID?
    package init(run: RunID, backup: BackupID? = nil, restore: RestoreID? = nil, pause: PauseID? = nil) {
        self.run = run
        self.backup = backup
        self.restore = restore
        self.pause = pause
    }
}

package struct BackupBody: Codable, Hashable, Sendable {
    package var id: BackupID
    package var cluster: ClusterName
    package var store: StoreName
    package var run: RunID
    /// `running`, `complete`, `partial`, `failed`.
    package var state: String
    package var consistency: BackupDescription.Consistency
    package var started: Timestamp
    package var finished: Timestamp?
    package var bytes: Int
    package var sentBytes: Int
    package var sstables: Int
    /// SSTables that were damaged on their node when they were read.
    package var damaged: Int
    /// Why the window of its pause does not prove that it is consistent; empty: it does, nil: no application was paused for it.
    package var doubts: [PauseDoubt]?
    /// With `GET /v1/backups/{id}` only.
    package var description: BackupDescription?
    /// With `GET /v1/backups/{id}` only. Also of a backup that failed, which has no description.
    package var pause: PauseWindow?

    package init(
        id: BackupID, cluster: ClusterName, store: StoreName, run: RunID, state: String, consistency: BackupDescription.Consistency, started: Timestamp, finished: Timestamp?, bytes: Int,
        sentBytes: Int, sstables: Int, damaged: Int, doubts: [PauseDoubt]? = nil, description: BackupDescription?, pause: PauseWindow? = nil
    ) {
        self.id = id
        self.cluster = cluster
        self.store = store
        self.run = run
        self.state = state
        self.consistency = consistency
        self.started = started
        self.finished = finished
        self.bytes = bytes
        self.sentBytes = sentBytes
        self.sstables = sstables
        self.damaged = damaged
        self.doubts = doubts
        self.description = description
        self.pause = pause
    }
}

/// `POST /v1/restores/plan`, and with `confirmed` true `POST /v1/restores`.
package struct RestoreStartBody: Codable, Hashable, Sendable {
    package var cluster: ClusterName
    /// The newest complete one when nil.
    package var backup: BackupID?
    /// An address or host id; nil: the whole cluster.
    package var node: String?
    /// Codes of the plan's findings that are taken on knowingly.
    package var overrides: [String]
    /// The digest that the plan was shown with: refused when the plan has changed since. Nil only for `plan`.
    package var planDigest: String?
    /// Takes none but a consistent backup.
    package var consistent: Bool?
    package init(
        cluster: ClusterName, backup: BackupID? = nil, node: String? = nil, overrides: [String] = [], planDigest: String? = nil, consistent: Bool? = nil
    ) {
        self.cluster = cluster
        self.backup = backup
        self.node = node
        self.overrides = overrides
        self.planDigest = planDigest
        self.consistent = consistent
    }
}

package struct RestorePlanBody: Codable, Hashable, Sendable {
    package var plan: RestorePlan
    /// Over what the plan destroys and takes: not over ages and free space, which change by the second.
    package var digest: String
    package init(plan: RestorePlan, digest: String) {
        self.plan = plan
        self.digest = digest
    }
}

package struct RestoreBody: Codable, Hashable, Sendable {
    package struct Node: Codable, Hashable, Sendable {
        package var hostID: HostID
        package var address: String
        package var step: String
        package init(hostID: HostID, address: String, step: String) {
            self.hostID = hostID
            self.address = address
            self.step = step
        }
    }

    package var id: RestoreID
    package var cluster: ClusterName
    package var backup: BackupID
    package var kind: RestorePlan.Kind
    package var state: String
    package var created: Timestamp
    package var updated: Timestamp
    package var nodes: [Node]
    package var plan: RestorePlan?

    package init(id: RestoreID, cluster: ClusterName, backup: BackupID, kind: RestorePlan.Kind, state: String, created: Timestamp, updated: Timestamp, nodes: [Node], plan: RestorePlan?) {
        self.id = id
        self.cluster = cluster
        self.backup = backup
        self.kind = kind
        self.state = state
        self.created = created
        self.updated = updated
        self.nodes = nodes
        self.plan = plan
    }
}

package struct RunBody: Codable, Hashable, Sendable {
    package struct Stage: Codable, Hashable, Sendable {
        package var name: String
        package var state: String
        package var started: Timestamp
        package var ended: Timestamp?
        package var detail: String?
        package init(name: String, state: String, started: Timestamp, ended: Timestamp?, detail: String?) {
            self.name = name
            self.state = state
            self.started = started
            self.ended = ended
            self.detail = detail
        }
    }

    package struct Node: Codable, Hashable, Sendable {
        package var hostID: HostID
        package var address: String
        package var stage: String
        package var state: String
        package var progress: Progress?
        /// Of what travels in the stage in work, since it began.
        package var bytesPerSecond: Int?
        package var secondsLeft: Int?
        package var failure: Failure?
        package var updated: Timestamp
        package init(
            hostID: HostID, address: String, stage: String, state: String, progress: Progress?, bytesPerSecond: Int?, secondsLeft: Int?, failure: Failure?, updated: Timestamp
        ) {
            self.hostID = hostID
            self.address = address
            self.stage = stage
            self.state = state
            self.progress = progress
            self.bytesPerSecond = bytesPerSecond
            self.secondsLeft = secondsLeft
            self.failure = failure
            self.updated = updated
        }
    }

    package struct Event: Codable, Hashable, Sendable {
        package var number: Int
        package var at: Timestamp
        package var level: Note.Level
        package var node: String?
        package var text: String
        package var code: String?
        package init(number: Int, at: Timestamp, level: Note.Level, node: String?, text: String, code: String?) {
            self.number = number
            self.at = at
            self.level = level
            self.node = node
            self.text = text
            self.code = code
        }
    }

    package var id: RunID
    package var kind: String
    /// nil: a pause of an application by itself.
    package var cluster: ClusterName?
    package var backup: BackupID?
    package var restore: RestoreID?
    /// The last one that was made for it.
    package var pause: PauseID?
    /// The one that was paused for it.
    package var application: ApplicationName?
    /// `running`, `succeeded`, `failed`, `partly-failed`, `interrupted`, `cancelled`.
    package var state: String
    package var started: Timestamp
    package var ended: Timestamp?
    package var failure: Failure?
    package var stages: [Stage]
    package var nodes: [Node]
    /// Those after the `after` of the request.
    package var events: [Event]

    package init(
        id: RunID, kind: String, cluster: ClusterName?, backup: BackupID?, restore: RestoreID?, pause: PauseID? = nil, application: ApplicationName? = nil, state: String, started: Timestamp, ended: Timestamp?, failure: Failure?, stages: [Stage],
        nodes: [Node], events: [Event]
    ) {
        self.id = id
        self.kind = kind
        self.cluster = cluster
        self.backup = backup
        self.restore = restore
        self.pause = pause
        self.application = application
        self.state = state
        self.started = started
        self.ended = ended
        self.failure = failure
        self.stages = stages
        self.nodes = nodes
        self.events = events
    }

    package var isOver: Bool { state != "running" }
}
