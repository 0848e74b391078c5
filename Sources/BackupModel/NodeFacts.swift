/// How an agent reaches the Cassandra beside it. The password lives in memory only.
package struct NodeAccess: Codable, Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package struct TLS: Codable, Hashable, Sendable {
        package var caFile: String?
        package init(caFile: String? = nil) { self.caFile = caFile }
    }

    package var jmxHost: String
    package var jmxPort: Int
    package var jmxUser: String?
    package var jmxPassword: String?
    package var tls: TLS?

    package init(jmxHost: String = "127.0.0.1", jmxPort: Int = 7199, jmxUser: String? = nil, jmxPassword: String? = nil, tls: TLS? = nil) {
        self.jmxHost = jmxHost
        self.jmxPort = jmxPort
        self.jmxUser = jmxUser
        self.jmxPassword = jmxPassword
        self.tls = tls
    }

    /// Without the password.
    package var description: String { "JMX at \(jmxHost):\(jmxPort)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>(), displayStyle: .struct) }
}

/// The folders that a node uses, as its own configuration has them.
package struct NodeFolders: Codable, Hashable, Sendable {
    package struct Owner: Codable, Hashable, Sendable {
        package var uid: Int
        package var gid: Int
        package init(uid: Int, gid: Int) {
            self.uid = uid
            self.gid = gid
        }
    }

    /// In the order of `data_file_directories`; an SSTable's folder is known by its place in it. Last, if set, `local_system_data_file_directory`.
    package var data: [String]
    package var commitLog: String
    package var hints: String?
    package var savedCaches: String?
    package var cdcRaw: String?
    /// `cassandra.yaml` as the running process was started with it.
    package var configuration: String?
    package var owner: Owner?

    package init(data: [String], commitLog: String, hints: String? = nil, savedCaches: String? = nil, cdcRaw: String? = nil, configuration: String? = nil, owner: Owner? = nil) {
        self.data = data
        self.commitLog = commitLog
        self.hints = hints
        self.savedCaches = savedCaches
        self.cdcRaw = cdcRaw
        self.configuration = configuration
        self.owner = owner
    }
}

/// One member of the ring as some node sees it.
package struct RingMember: Codable, Hashable, Sendable {
    package enum State: String, Codable, Sendable { case normal, joining, leaving, moving }
    package var hostID: HostID?
    /// Without a port.
    package var address: String
    package var datacenter: String
    package var rack: String
    package var up: Bool
    package var state: State
    /// Decimal text: partitioners differ in range.
    package var tokens: [String]


    package init(hostID: HostID?, address: String, datacenter: String, rack: String, up: Bool, state: State, tokens: [String]) {
        self.hostID = hostID
        self.address = address
        self.datacenter = datacenter
        self.rack = rack
        self.up = up
        self.state = state
        self.tokens = tokens
    }
}

/// Replication as Cassandra has it: `class` and the options, such as `["class": "NetworkTopologyStrategy", "dc1": "3"]`.
package typealias Replication = [String: String]

/// How much a node tells of the ring's other members. Datacenter and rack take two calls of JMX for each member, and the tokens are most of the bytes: a thousand
/// nodes need tell them once only.
package enum RingDetail: String, Codable, Sendable {
    case whole
    /// Who they are, as text, and those alone who are not up and normal: with empty datacenters, racks and tokens.
    case membership
}

/// Everything that a node tells about itself and its view of the ring.
package struct NodeFacts: Codable, Hashable, Sendable {
    package var clusterName: String
    package var release: String
    package var partitioner: String
    package var snitch: String
    package var hostID: HostID
    package var address: String
    package var datacenter: String
    package var rack: String
    package var tokens: [String]
    /// `OperationMode`: NORMAL, STARTING, JOINING, DRAINED …
    package var mode: String
    /// Its own. (`StorageProxy.SchemaVersions` would tell all nodes', but waits for those that have just gone down until the request timeout; each node is asked anyway.)
    package var schemaVersion: String
    package var ring: [RingMember]
    /// Who is in the ring: `address hostID`, a line each, sorted. nil in the catalogue.
    package var members: String?
    package var keyspaces: [String: Replication]
    package var folders: NodeFolders
    /// Settings of `cassandra.yaml` that a restore must match, by name, as text: `uuid_sstable_identifiers_enabled`, `storage_compatibility_mode`, `cdc_enabled`.
    package var settings: [String: String]
    /// The seeds in its configuration, without ports.
    package var seeds: [String]
    /// The Java process.
    package var pid: Int?
    /// Bytes free and in use for each data folder, in order.
    package var space: [FolderSpace]
    /// The agent's clock when it answered.
    package var clock: Timestamp
    package var snapshots: [String]

    package init(
        clusterName: String, release: String, partitioner: String, snitch: String, hostID: HostID, address: String, datacenter: String, rack: String, tokens: [String], mode: String,
        schemaVersion: String, ring: [RingMember], keyspaces: [String: Replication], folders: NodeFolders, settings: [String: String],
        seeds: [String], pid: Int?, space: [FolderSpace], clock: Timestamp, snapshots: [String]
    ) {
        self.clusterName = clusterName
        self.release = release
        self.partitioner = partitioner
        self.snitch = snitch
        self.hostID = hostID
        self.address = address
        self.datacenter = datacenter
        self.rack = rack
        self.tokens = tokens
        self.mode = mode
        self.schemaVersion = schemaVersion
        self.ring = ring
        self.keyspaces = keyspaces
        self.folders = folders
        self.settings = settings
        self.seeds = seeds
        self.pid = pid
        self.space = space
        self.clock = clock
        self.snapshots = snapshots
    }

    /// Names the members, and leaves as much of the ring as is asked for.
    package mutating func tell(_ detail: RingDetail) {
        // One of whom nothing but tokens is known is told of with the tokens only.
        members = ring.filter { $0.hostID != nil || $0.state != .normal }.map { "\($0.address) \($0.hostID?.rawValue ?? "-")\n" }.sorted().joined()
        guard detail == .membership else { return }
        ring = ring.filter { !$0.up || $0.state != .normal }.map {
            RingMember(hostID: $0.hostID, address: $0.address, datacenter: "", rack: "", up: $0.up, state: $0.state, tokens: [])
        }
    }
}

package struct FolderSpace: Codable, Hashable, Sendable {
    package var path: String
    package var exists: Bool
    /// Bytes that an ordinary user may still write there (of the nearest existing parent, when the folder is gone).
    package var free: Int
    package var total: Int
    /// Numbers the file system: two folders with the same one share `free`.
    package var device: Int

    package init(path: String, exists: Bool, free: Int, total: Int, device: Int) {
        self.path = path
        self.exists = exists
        self.free = free
        self.total = total
        self.device = device
    }
}
