import BackupModel
import JMX
import Testing

@testable import CassandraNode

struct NodeTextsTests {
    @Test(
        "an address is what is left without host name and port",
        arguments: [
            ("127.0.0.2:7000", "127.0.0.2"), ("[::1]:7000", "::1"), ("/127.0.0.1", "127.0.0.1"), ("node1/10.0.0.1:7000", "10.0.0.1"),
            ("/[fe80::1]:7000", "fe80::1"),
            ("fe80::1", "fe80::1"), ("/0:0:0:0:0:0:0:1", "0:0:0:0:0:0:0:1"), ("node1.example", "node1.example"), ("[::1", "[::1"), ("", ""),
        ])
    func addresses(text: String, address: String) {
        #expect(EndpointText.address(text) == address)
    }

    @Test(
        "replication is read as Cassandra writes it",
        arguments: [
            ("NetworkTopologyStrategy {dc1=3, dc2=2}", ["class": "NetworkTopologyStrategy", "dc1": "3", "dc2": "2"]),
            ("SimpleStrategy {replication_factor=3/1}", ["class": "SimpleStrategy", "replication_factor": "3/1"]),
            ("LocalStrategy {}", ["class": "LocalStrategy"]),
            ("org.apache.cassandra.locator.EverywhereStrategy {}", ["class": "EverywhereStrategy"]),
        ])
    func replication(text: String, replication: Replication) throws {
        #expect(try ReplicationText.parse(text) == replication)
    }

    @Test("a replication that is not understood is an error", arguments: ["", "SimpleStrategy", "SimpleStrategy {3}", "SimpleStrategy {a=b"])
    func badReplication(text: String) {
        #expect(throws: NodeError.unexpectedAnswer("replication '\(text)'")) { try ReplicationText.parse(text) }
    }

    @Test(
        "Cassandra's words about a keyspace that is not there name it",
        arguments: ["Keyspace nope does not exist", "Keyspace [nope] does not exist", "Unknown keyspace 'nope'", "Unknown keyspace nope"])
    func unknownKeyspace(words: String) {
        #expect(NodeError(.remote(call: "takeSnapshot", javaClass: "java.lang.IllegalArgumentException", message: words)) == .unknownKeyspace("nope"))
    }

    @Test("a failure names the object on one line and has a stable code; the agent's user sees no control characters")
    func failures() {
        let failure = NodeError.snapshotUnsound(path: "/data/a\nb\u{1B}[2J", problem: "is a symbolic link").failure
        #expect(failure.code == "cassandra.snapshot-unsound")
        #expect(failure.summary == "the snapshot is not sound: '/data/a\\nb\\u{1b}[2J' is a symbolic link")
        #expect(failure.recovery == .fix)
        #expect(Failure(NodeError.snapshotExists(SnapshotTag(unchecked: "aeneas-1"))).hint == "'nodetool clearsnapshot -t aeneas-1' removes it")
        #expect(
            NodeError(.remote(call: "drain", javaClass: "java.io.IOException", message: nil)).failure.summary == "Cassandra refused drain: java.io.IOException")
    }
}
