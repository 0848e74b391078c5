package import BackupModel
import Glibc
import JMX

extension CassandraOverJMX {
    package func facts(ring detail: RingDetail) throws(NodeError) -> NodeFacts {
        let names = [
            "ClusterName", "ReleaseVersion", "PartitionerName", "LocalHostId", "OperationMode", "SchemaVersion", "Tokens", "Keyspaces", "AllDataFileLocations",
            "CommitLogLocation", "SavedCachesLocation", "EndpointWithPortToHostId", "LiveNodesWithPort", "JoiningNodesWithPort", "LeavingNodesWithPort", "MovingNodesWithPort",
        ]
        let service = try attributes(Self.storageService, detail == .whole ? names + [Self.owners] : names)
        let process = try JavaProcess(try attributes("java.lang:type=Runtime", ["Name", "ClassPath", "SystemProperties"]))
        let configuration = try process.configuration()
        let release = try service.text("ReleaseVersion")
        guard let hostID = HostID(rawValue: try service.text("LocalHostId").lowercased()) else {
            throw .unexpectedAnswer("host id \(quoted(try service.text("LocalHostId")))")
        }
        let ring = try ring(service, detail)
        let own = ring.first { $0.hostID == hostID }
        let address = own?.address ?? configuration.listenAddress ?? ""
        let folders = try folders(service, process, configuration)
        var facts = NodeFacts(
            clusterName: try service.text("ClusterName"), release: release, partitioner: try service.text("PartitionerName"), snitch: try snitch(),
            hostID: hostID, address: address,
            datacenter: try ownPlace("Datacenter"), rack: try ownPlace("Rack"),
            tokens: try service.values["Tokens"] == nil ? tokens(of: own) : service.texts("Tokens"),
            mode: try service.text("OperationMode"), schemaVersion: try service.text("SchemaVersion"), ring: ring,
            keyspaces: try replication(of: try service.texts("Keyspaces")), folders: folders, settings: configuration.settings(release: release),
            seeds: configuration.seeds,
            pid: process.pid, space: try space(of: folders.data), clock: now(), snapshots: try SnapshotReader.tags(in: folders.data)
        )
        facts.tell(detail)
        return facts
    }

    /// All at once. While a node starts, or has not joined the ring, some getters throw (4.0 and 4.1: `Tokens`) and then nothing comes:
    /// each by itself, without those.
    private func attributes(_ mbean: String, _ names: [String]) throws(NodeError) -> Attributes {
        do throws(NodeError) {
            return Attributes(values: try read { (jmx) throws(JMXError) in try jmx.getAttributes(mbean, names) })
        } catch {
            guard case .remote = error else { throw error }
        }
        var values: [String: JavaValue] = [:]
        for name in names {
            do throws(NodeError) {
                values[name] = try read { (jmx) throws(JMXError) in try jmx.getAttribute(mbean, name) }
            } catch {
                guard case .remote = error else { throw error }
            }
        }
        return Attributes(values: values)
    }

    private func folders(_ service: Attributes, _ process: JavaProcess, _ configuration: CassandraConfiguration) throws(NodeError) -> NodeFolders {
        // The running process knows; the file may have been edited since, and has its links unresolved.
        var data = try service.texts("AllDataFileLocations")
        if let local = configuration.localSystemDataFolder.map(process.absolute) {
            data.removeAll { $0 == resolved(local) || $0 == local }
            data.append(resolved(local) ?? local)
        }
        return NodeFolders(
            data: data, commitLog: process.absolute(try service.text("CommitLogLocation")), hints: configuration.hints.map(process.absolute),
            savedCaches: process.absolute(try service.text("SavedCachesLocation")), cdcRaw: configuration.cdcRaw.map(process.absolute),
            configuration: configuration.path,
            owner: process.owner(fallback: data)
        )
    }

    private func snitch() throws(NodeError) -> String {
        let name = try read { (jmx) throws(JMXError) in try jmx.getAttribute(Self.snitchInfo, "SnitchName").string(of: "SnitchName") }
        guard shortClassName(name) == "DynamicEndpointSnitch" else { return shortClassName(name) }
        return shortClassName(
            try read { (jmx) throws(JMXError) in
                try jmx.getAttribute("org.apache.cassandra.db:type=DynamicEndpointSnitch", "SubsnitchClassName").string(of: "SubsnitchClassName")
            })
    }

    private static var snitchInfo: String { "org.apache.cassandra.db:type=EndpointSnitchInfo" }

    private func ownPlace(_ attribute: String) throws(NodeError) -> String {
        try read { (jmx) throws(JMXError) in try jmx.getAttribute(Self.snitchInfo, attribute).string(of: attribute) }
    }

    private func replication(of keyspaces: [String]) throws(NodeError) -> [String: Replication] {
        var replication: [String: Replication] = [:]
        for name in keyspaces {
            replication[name] = try ReplicationText.parse(try replicationText(name))
        }
        return replication
    }

    /// A starting 4.1 lists keyspaces whose replication it does not know yet.
    private func replicationText(_ keyspace: String) throws(NodeError) -> String {
        let what = "the replication of '\(keyspace)'"
        do throws(NodeError) {
            return try read { (jmx) throws(JMXError) in
                try jmx.invoke(Self.storageService, "getKeyspaceReplicationInfo", arguments: [.string(keyspace)]).string(of: what)
            }
        } catch {
            guard case .remote = error else { throw error }
            throw .notReady(missing: what)
        }
    }

    private static var owners: String { "TokenToEndpointWithPortMap" }

    /// A node that has not joined tells of its tokens in the ring, if at all.
    private func tokens(of member: RingMember?) throws(NodeError) -> [String] {
        guard let member else { return [] }
        if !member.tokens.isEmpty { return member.tokens }
        return try attributes(Self.storageService, [Self.owners]).pairs(Self.owners).filter { EndpointText.address($0.1) == member.address }.map(\.0)
    }

    private func ring(_ service: Attributes, _ detail: RingDetail) throws(NodeError) -> [RingMember] {
        var tokens: [String: [String]] = [:]
        if detail == .whole { for (token, endpoint) in try service.pairs(Self.owners) { tokens[endpoint, default: []].append(token) } }
        let hosts = Dictionary(try service.pairs("EndpointWithPortToHostId")) { first, _ in first }
        let live = Set(try service.texts("LiveNodesWithPort"))
        let joining = Set(try service.texts("JoiningNodesWithPort"))
        let leaving = Set(try service.texts("LeavingNodesWithPort"))
        let moving = Set(try service.texts("MovingNodesWithPort"))
        var members: [RingMember] = []
        for endpoint in Set(hosts.keys).union(tokens.keys).union(joining) {
            let state: RingMember.State =
                joining.contains(endpoint) ? .joining : leaving.contains(endpoint) ? .leaving : moving.contains(endpoint) ? .moving : .normal
            let member = RingMember(
                hostID: hosts[endpoint].flatMap { HostID(rawValue: $0.lowercased()) }, address: EndpointText.address(endpoint),
                datacenter: detail == .whole ? try place("getDatacenter", endpoint) : "", rack: detail == .whole ? try place("getRack", endpoint) : "", up: live.contains(endpoint), state: state, tokens: tokens[endpoint] ?? []
            )
            members.append(member)
        }
        return members.sorted { ($0.datacenter, $0.rack, $0.address) < ($1.datacenter, $1.rack, $1.address) }
    }

    private func place(_ operation: String, _ endpoint: String) throws(NodeError) -> String {
        try read { (jmx) throws(JMXError) in
            try jmx.invoke(Self.snitchInfo, operation, arguments: [.string(endpoint)]).string(of: "\(operation) of '\(endpoint)'")
        }
    }

    private func space(of folders: [String]) throws(NodeError) -> [FolderSpace] {
        var space: [FolderSpace] = []
        for folder in folders { space.append(try FolderSpace(of: folder)) }
        return space
    }

    private func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: time.tv_sec * 1000 + time.tv_nsec / 1_000_000)
    }
}

/// Attributes as they came; the server leaves out those that it cannot tell yet.
struct Attributes {
    let values: [String: JavaValue]

    func value<Value>(_ name: String, _ read: (JavaValue) throws(JMXError) -> Value) throws(NodeError) -> Value {
        guard let value = values[name], value != .null else { throw .notReady(missing: name) }
        do throws(JMXError) {
            return try read(value)
        } catch {
            throw NodeError(error)
        }
    }

    func text(_ name: String) throws(NodeError) -> String { try value(name) { (value) throws(JMXError) in try value.string(of: name) } }
    func texts(_ name: String) throws(NodeError) -> [String] { try value(name) { (value) throws(JMXError) in try value.strings(of: name) } }

    /// Of a map of texts, in the order sent.
    func pairs(_ name: String) throws(NodeError) -> [(String, String)] {
        try value(name) { (value) throws(JMXError) in
            var pairs: [(String, String)] = []
            for entry in try value.map(of: name) { pairs.append((try entry.key.string(of: "a key of \(name)"), try entry.value.string(of: name))) }
            return pairs
        }
    }

    /// Of tabular data with the columns `key` and `value`.
    func table(_ name: String) throws(NodeError) -> [String: String] {
        try value(name) { (value) throws(JMXError) in
            var texts: [String: String] = [:]
            for row in try value.list(of: name) {
                let cells = try row.stringMap(of: "a row of \(name)")
                if let key = cells["key"] { texts[key] = cells["value"] }
            }
            return texts
        }
    }
}
