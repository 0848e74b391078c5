@testable import ControlCLI
import BackupModel
import ControlAPI
import Testing

@Suite struct ClusterAddTests {
    @Test("what a registration says arrives at the master, and nothing that was not said")
    func settings() async throws {
        let cluster = ClusterBody(
            id: ClusterID(unchecked: host(9).rawValue), name: shop, cassandraName: "Shop", release: "5.0.6", partitioner: "p", snitch: "s", schemaVersion: "v", registered: start, seen: start,
            store: nil, nodes: [], keyspaces: [:])
        try await withMaster { _, _ in json(cluster, status: 201) } _: { bench in
            let outcome = try await bench.run(
                "cluster", "add", "shop", "--contact", "10.0.0.1", "--ssh-user", "cassandra", "--ssh-port", "2201", "--stop-command", "sudo '/opt/my scripts/stop' {address}", "--start-timeout",
                "5m", "--rate", "64MiB", "--node", "2001:db8::7:ssh-host=::1,jmx-port=7299", "--node", "10.0.0.2:ssh-port=2202", "--accept-new-host-keys")
            #expect(outcome.output == "cluster 'shop' is registered: 0 nodes, Cassandra 5.0.6\n")
            #expect(bench.requests == ["POST /v1/clusters"])
            #expect(
                bench.bodies == [
                    #"{"acceptNewHostKeys":true,"contact":"10.0.0.1","name":"shop","settings":{"bytesPerSecond":67108864,"nodes":{"10.0.0.2":{"sshPort":2202},"2001:db8::7":{"jmxPort":7299,"sshHost":"::1"}},"# +
                    #""sshPort":2201,"sshUser":"cassandra","startTimeoutSeconds":300,"stopCommand":["sudo","/opt/my scripts/stop","{address}"]}}"#,
                ])
        }
    }

    @Test(
        "a command is split at spaces, and quotes and backslashes join",
        arguments: [
            ("a b", ["a", "b"]), ("  a \t b ", ["a", "b"]), ("'a b' c", ["a b", "c"]), (#"a"b c"d"#, ["ab cd"]), (#"a\ b '\' "\"""#, ["a b", "\\", "\""]), ("a ''", ["a", ""]),
            ("a;b $(c) | d", ["a;b", "$(c)", "|", "d"]),
        ]
    )
    func commandWords(text: String, words: [String]) throws { #expect(try CommandWords.split(text, option: "o") == words) }

    @Test("a command without a program, an end of quote or a character after its backslash is refused", arguments: ["", " ", "''", "a 'b", "a \"b", "a\\"])
    func badCommand(text: String) { #expect(throws: UsageFault.self) { try CommandWords.split(text, option: "o") } }

    @Test("a node setting that is not an address and known keys is refused", arguments: ["", "a", "a:b", "a=b", ":ssh-port=1", "a:ssh-port", "a:ssh-port=0", "a:x=1", "a:ssh-port=1,", "a:ssh-port=1,ssh-port=2", "a:ssh-host=b c"])
    func badNode(text: String) { #expect(throws: (any Error).self) { try NodeSetting(text) } }
}
