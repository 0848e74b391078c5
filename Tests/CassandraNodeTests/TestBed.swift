import BackupModel
import Foundation
import TestSupport

/// The nodes of a test bed that is up, as its `testbed.json` describes them.
struct TestBed: Decodable {
    struct Node: Decodable {
        var address: String
        var datacenter: String
        var rack: String
        var jmxHost: String
        var jmxPort: Int
        var conf: String
        var dataFolders: [String]
        var commitLog: String
        var hints: String
        var savedCaches: String
        var cdcRaw: String

        var access: NodeAccess { NodeAccess(jmxHost: jmxHost, jmxPort: jmxPort) }
    }

    var kind: String
    var release: String
    var clusterName: String
    var nodes: [Node]
    var stopCommand: [String]
    var startCommand: [String]

    var isReal: Bool { kind == "cassandra" }
    /// Some that two nodes share.
    var replicatedKeyspaces: [String] { isReal ? ["system_distributed", "system_traces"] : ["shop"] }

    static func running() throws -> TestBed {
        try JSONDecoder().decode(TestBed.self, from: Data(contentsOf: URL(fileURLWithPath: RunningNodes.description())))
    }

    /// Returns once the node serves and the others see it up.
    var waitCommand: [String] { startCommand.map { $0 == "node-start" ? "node-wait" : $0 } }

    func run(_ command: [String], for node: Node) throws {
        _ = try CassandraNodeTests.run(["/usr/bin/env"] + command.map { $0.replacingOccurrences(of: "{address}", with: node.address) })
    }
}
