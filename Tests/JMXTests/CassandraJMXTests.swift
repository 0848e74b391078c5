import Foundation
import TestSupport
import Testing

@testable import JMX

/// Nodes that run, as their testbed.json describes them.
private struct Testbed: Decodable {
    struct Node: Decodable {
        let jmxHost: String
        let jmxPort: Int
    }

    let nodes: [Node]

    static func running() throws -> Testbed { try JSONDecoder().decode(Testbed.self, from: Data(contentsOf: URL(fileURLWithPath: RunningNodes.description()))) }
}

@Suite("Against a real Cassandra", .enabled(if: RunningNodes.unavailable == nil, "no Cassandra can be had on this machine"), .serialized)
struct CassandraJMXTests {
    private let storage = "org.apache.cassandra.db:type=StorageService"

    private func connect() throws -> JMXConnection {
        let node = try #require(try Testbed.running().nodes.first)
        return try JMXConnection(host: node.jmxHost, port: node.jmxPort, timeout: .seconds(60))
    }

    private func uniqueTag() -> String { "aeneas-test-\(UUID().uuidString.lowercased())" }

    private func takeSnapshot(_ jmx: JMXConnection, _ tag: String, _ entity: String) throws {
        try jmx.invoke(storage, "takeSnapshot", arguments: [.string(tag), .map(["skipFlush": "true"]), .strings([entity])])
    }

    private func clearSnapshot(_ jmx: JMXConnection, _ tag: String) throws {
        try jmx.invoke(storage, "clearSnapshot", arguments: [.string(tag), .strings([])])
    }

    @Test("the facts of a node are read")
    func facts() throws {
        let jmx = try connect()
        #expect(try jmx.getAttribute(storage, "OperationMode") == .string("NORMAL"))
        let facts = try jmx.getAttributes(storage, ["ReleaseVersion", "LocalHostId", "Tokens", "Keyspaces", "AllDataFileLocations", "Joined", "NoSuchThing"])
        #expect(facts.count == 6)
        #expect(try #require(facts["LocalHostId"]).string(of: "LocalHostId").count == 36)
        #expect(try #require(facts["Keyspaces"]).strings(of: "Keyspaces").contains("system_schema"))
        #expect(facts["Joined"] == .bool(true))
        let ring = try jmx.getAttribute(storage, "TokenToEndpointWithPortMap").stringMap(of: "TokenToEndpointWithPortMap")
        #expect(try ring.count >= #require(facts["Tokens"]).list(of: "Tokens").count)
        #expect(try !jmx.getAttribute(storage, "LiveNodesWithPort").strings(of: "LiveNodesWithPort").isEmpty)
        #expect(try !jmx.getAttribute("org.apache.cassandra.db:type=EndpointSnitchInfo", "Datacenter").string(of: "Datacenter").isEmpty)
        #expect(try jmx.queryNames("org.apache.cassandra.db:type=Tables,keyspace=system_auth,*").contains { $0.hasSuffix("table=roles") })
        #expect(try !jmx.invoke(storage, "describeRingWithPortJMX", arguments: [.string("system_auth")]).strings(of: "the ring").isEmpty)
        let ranges = try jmx.invoke(storage, "getRangeToEndpointWithPortMap", arguments: [.string("system_auth")]).map(of: "the ranges")
        #expect(try ranges.first?.key.strings(of: "a range").count == 2)
    }

    @Test("a snapshot is taken once, listed, and cleared")
    func snapshot() throws {
        let jmx = try connect()
        let tag = uniqueTag()
        try jmx.invoke(storage, "forceKeyspaceFlush", arguments: [.string("system_auth"), .strings(["roles"])])
        try takeSnapshot(jmx, tag, "system_auth")
        defer { try? clearSnapshot(jmx, tag) }
        let error = caught(JMXError.self) { try takeSnapshot(jmx, tag, "system_auth") }
        guard case .remote(call: "takeSnapshot", javaClass: _, message: let words?)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(words.hasPrefix("Snapshot \(tag) ") && words.hasSuffix("already exists."))
        let rows = try #require(try jmx.getAttribute(storage, "SnapshotDetails").fields(of: "SnapshotDetails")[tag]).list(of: "the rows")
        #expect(try rows.contains { try $0.fields(of: "a row")["Column family name"] == .string("roles") })
        try clearSnapshot(jmx, tag)
        #expect(try jmx.getAttribute(storage, "SnapshotDetails").fields(of: "SnapshotDetails")[tag] == nil)
        #expect(jmx.isUsable)
    }

    @Test("an unknown keyspace or table is the caller's mistake, and the connection stays good")
    func unknownKeyspace() throws {
        let jmx = try connect()
        let keyspace = caught(JMXError.self) { try takeSnapshot(jmx, uniqueTag(), "nope") }
        #expect(keyspace == .remote(call: "takeSnapshot", javaClass: "java.lang.IllegalArgumentException", message: "Keyspace nope does not exist"))
        let table = caught(JMXError.self) { try jmx.invoke(storage, "forceKeyspaceFlush", arguments: [.string("system_auth"), .strings(["nope"])]) }
        #expect(
            table
                == .remote(call: "forceKeyspaceFlush", javaClass: "java.lang.IllegalArgumentException", message: "Unknown keyspace/cf pair (system_auth.nope)"))
        try jmx.keepAlive()
    }

    @Test("a repair is started, and its status and progress are told")
    func repair() throws {
        let listener = try connect()
        try listener.subscribe(to: storage)
        let jmx = try connect()
        let options = ["incremental": "false", "parallelism": "parallel", "ignoreUnreplicatedKeyspaces": "true"]
        let command = try jmx.invoke(storage, "repairAsync", arguments: [.string("system_distributed"), .map(options)]).int(of: "repairAsync")
        // 0: nothing to repair, because each row is on one node only.
        guard command != 0 else { return }
        var status: [String] = []
        while status.first != "COMPLETED", status.first != "FAILED" {
            let answer = try jmx.invoke(storage, "getParentRepairStatus", arguments: [.int(Int32(command))])
            if answer != .null { status = try answer.strings(of: "the status of the repair") }
            Foundation.Thread.sleep(forTimeInterval: 0.05)
        }
        #expect(status.first == "COMPLETED", "\(status)")
        var kinds: [JavaValue] = []
        while !kinds.contains(.int(5)) {
            for heard in try listener.fetchNotifications(wait: .seconds(20)) where heard.source == "repair:\(command)" {
                kinds.append(try #require(try heard.userData.fields(of: "the progress")["type"]))
            }
        }
        #expect(kinds.first == .int(0))
    }

    @Test(
        "a connection kept alive outlives the server's patience with idle ones",
        .enabled(if: ProcessInfo.processInfo.environment["AENEAS_SLOW_TESTS"] != nil, "takes three minutes"))
    func keepAlive() throws {
        let kept = try connect()
        let idle = try connect()
        for _ in 0..<3 {
            Foundation.Thread.sleep(forTimeInterval: 60)
            try kept.keepAlive()
        }
        #expect(try kept.getAttribute(storage, "OperationMode") == .string("NORMAL"))
        #expect(throws: JMXError.expired) { try idle.keepAlive() }
    }
}
