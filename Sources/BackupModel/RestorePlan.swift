/// What a restore would do, found out without touching anything: shown as text, given as JSON, kept with the restore that it led to.
package struct RestorePlan: Codable, Hashable, Sendable {
    package enum Kind: String, Codable, Sendable { case node, cluster }

    /// A reason for care. Those that are `blocking` need to be overridden by their code, or cannot be overridden at all.
    package struct Finding: Codable, Hashable, Sendable {
        package enum Weight: String, Codable, Sendable {
            case information, warning
            /// Refused unless its code is named in the request.
            case override
            case refusal
        }

        package var weight: Weight
        package var code: String
        package var node: String?
        package var text: String

        package init(_ weight: Weight, _ code: String, node: String? = nil, _ text: String) {
            self.weight = weight
            self.code = code
            self.node = node
            self.text = text
        }
    }

    package var kind: Kind
    package var cluster: ClusterName
    package var backup: BackupID
    package var store: StoreName
    package var consistency: BackupDescription.Consistency
    /// The earliest snapshot of the backup: nothing in it is younger for sure.
    package var asOf: Timestamp
    package var made: Timestamp
    package var ageSeconds: Int
    /// The smallest `gc_grace_seconds` in the backup and the table that has it.
    package var smallestGCGraceSeconds: Int?
    package var smallestGCGraceTable: String?
    package var nodes: [RestorePlanNode]
    /// Replicated keyspaces that are repaired afterwards, and how.
    package var repairKeyspaces: [KeyspaceName]
    package var repairPrimaryRangesOnly: Bool
    package var findings: [Finding]
    /// The steps in order, in words.
    package var steps: [String]

    package init(
        kind: Kind, cluster: ClusterName, backup: BackupID, store: StoreName, consistency: BackupDescription.Consistency, asOf: Timestamp, made: Timestamp, ageSeconds: Int,
        smallestGCGraceSeconds: Int?, smallestGCGraceTable: String?, nodes: [RestorePlanNode], repairKeyspaces: [KeyspaceName], repairPrimaryRangesOnly: Bool, findings: [Finding],
        steps: [String]
    ) {
        self.kind = kind
        self.cluster = cluster
        self.backup = backup
        self.store = store
        self.consistency = consistency
        self.asOf = asOf
        self.made = made
        self.ageSeconds = ageSeconds
        self.smallestGCGraceSeconds = smallestGCGraceSeconds
        self.smallestGCGraceTable = smallestGCGraceTable
        self.nodes = nodes
        self.repairKeyspaces = repairKeyspaces
        self.repairPrimaryRangesOnly = repairPrimaryRangesOnly
        self.findings = findings
        self.steps = steps
    }

    package var downloadBytes: Int { nodes.reduce(0) { $0 + $1.downloadBytes } }
    package var refusals: [Finding] { findings.filter { $0.weight == .refusal } }
    /// Codes that a request has to name to go on.
    package var overridesNeeded: [String] { Array(Set(findings.filter { $0.weight == .override }.map(\.code))).sorted() }
}

package struct RestorePlanNode: Codable, Hashable, Sendable {
    package struct Destroyed: Codable, Hashable, Sendable {
        package var path: String
        package var exists: Bool
        package var bytes: Int
        package init(path: String, exists: Bool, bytes: Int) {
            self.path = path
            self.exists = exists
            self.bytes = bytes
        }
    }

    package struct Space: Codable, Hashable, Sendable {
        package var path: String
        package var needed: Int
        package var free: Int
        package init(path: String, needed: Int, free: Int) {
            self.path = path
            self.needed = needed
            self.free = free
        }
    }

    package var hostID: HostID
    package var address: String
    package var datacenter: String
    package var rack: String
    package var cassandraRunning: Bool
    /// Set aside by rename first, and destroyed only when dropped at the end.
    package var destroys: [Destroyed]
    package var downloadBytes: Int
    package var sstables: Int
    package var tables: Int
    package var damagedSSTables: Int
    package var space: [Space]
    /// Kept by the system for itself and left out, as `keyspace.table`.
    package var leftOut: [String]

    package init(
        hostID: HostID, address: String, datacenter: String, rack: String, cassandraRunning: Bool, destroys: [Destroyed], downloadBytes: Int, sstables: Int, tables: Int,
        damagedSSTables: Int, space: [Space], leftOut: [String]
    ) {
        self.hostID = hostID
        self.address = address
        self.datacenter = datacenter
        self.rack = rack
        self.cassandraRunning = cassandraRunning
        self.destroys = destroys
        self.downloadBytes = downloadBytes
        self.sstables = sstables
        self.tables = tables
        self.damagedSSTables = damagedSSTables
        self.space = space
        self.leftOut = leftOut
    }
}
