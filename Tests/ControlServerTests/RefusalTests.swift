import BackupModel
import ControlAPI
import HTTPClient
import TestSupport
import Testing

@Suite struct RefusalTests {
    @Test("over TCP a token is needed, and only the right one opens")
    func token() async throws {
        try await ServerBench.with { bench in
            func get(_ value: String?) async throws -> ServerBench.Answer { try await bench.send("GET", "/v1/health", tcp: value.map { [HTTPField("authorization", $0)] } ?? []) }
            let none = try await get(nil)
            #expect(none.refusal == "401 access.no-token" && none.fields.contains { $0.name.lowercased() == "www-authenticate" && $0.value == "Bearer" })
            #expect(try await get("Basic \(ServerBench.token)").refusal == "401 access.no-token")
            for wrong in ["", "x", String(ServerBench.token.dropLast()), ServerBench.token + "0", ServerBench.token.uppercased()] {
                #expect(try await get("Bearer \(wrong)").refusal != "200")
                #expect(try await get("Bearer \(wrong)").status != 200)
            }
            #expect(try await get("Bearer wrong").refusal == "403 access.wrong-token")
            #expect(try await get("Bearer \(ServerBench.token)").status == 200)
            #expect(try await bench.send("GET", "/v1/nothing", tcp: []).status == 401)
        }
    }

    @Test("a master without a token answers nothing over TCP")
    func noToken() async throws {
        try await ServerBench.with(token: nil) { bench in
            let (empty, local) = (try await bench.send("GET", "/v1/health", tcp: [HTTPField("authorization", "Bearer ")]), try await bench.send("GET", "/v1/health"))
            #expect(empty.status == 401)
            #expect(local.status == 200)
        }
    }

    @Test(
        "what is not there, not so, or not understood has its status and code",
        arguments: [
            ("GET", "/v1/nothing", "", "404 input.no-such-path"), ("GET", "/", "", "404 input.no-such-path"), ("DELETE", "/v1/clusters/prod", "", "405 input.method-not-allowed"),
            ("PUT", "/v1/health", "", "405 input.method-not-allowed"), ("GET", "/v1/clusters/none", "", "404 catalog.unknown-cluster"),
            ("GET", "/v1/backups/20261124T145501Z-1a2b3c", "", "404 catalog.unknown-backup"), ("GET", "/v1/runs/01J9ZK00000000000000000000", "", "404 catalog.unknown-run"),
            ("GET", "/v1/restores/01J9ZK00000000000000000000", "", "404 catalog.unknown-restore"), ("POST", "/v1/stores/none/check", "", "404 catalog.unknown-store"),
            ("GET", "/v1/backups?cluster=none", "", "404 catalog.unknown-cluster"), ("POST", "/v1/clusters", "", "400 input.bad-body"), ("POST", "/v1/clusters", "{", "400 input.bad-body"),
            ("POST", "/v1/backups", #"{"cluster":"../x","keyspaces":[]}"#, "400 input.bad-body"), ("POST", "/v1/backups", #"{"cluster":"prod"}"#, "400 input.bad-body"),
            ("POST", "/v1/stores", #"{"name":"s","kind":"folder"}"#, "400 input.bad-body"), ("POST", "/v1/stores", #"{"name":"s","kind":"folder","path":"relative"}"#, "400 store.misconfigured"),
            ("POST", "/v1/restores", #"{"cluster":"prod","overrides":[]}"#, "400 input.bad-body"), ("GET", "/v1/runs/01J9ZK00000000000000000000?after=x", "", "400 input.bad-query"),
            ("GET", "/v1/applications/none", "", "404 catalog.unknown-application"), ("DELETE", "/v1/applications/none", "", "404 catalog.unknown-application"),
            ("PUT", "/v1/applications/none/settings", #"{"targets":["a:1"]}"#, "404 catalog.unknown-application"), ("GET", "/v1/applications/none/status", "", "404 catalog.unknown-application"),
            ("POST", "/v1/applications/none/unpause", "", "404 catalog.unknown-application"), ("GET", "/v1/pauses/01J9ZK00000000000000000000", "", "404 catalog.unknown-pause"),
            ("POST", "/v1/pauses/01J9ZK00000000000000000000/alive", "", "404 catalog.unknown-pause"), ("POST", "/v1/pauses/01J9ZK00000000000000000000/end", "", "404 catalog.unknown-pause"),
            ("POST", "/v1/pauses/01J9ZK00000000000000000000/finish", #"{"exitStatus":0}"#, "404 catalog.unknown-pause"), ("POST", "/v1/pauses/x/alive", "", "400 input.bad-name"),
            ("POST", "/v1/pauses/01J9ZK00000000000000000000/finish", "{}", "400 input.bad-body"), ("GET", "/v1/pauses?open=maybe", "", "400 input.bad-query"),
            ("GET", "/v1/pauses?application=..%2f", "", "400 input.bad-name"), ("POST", "/v1/pauses", #"{"application":"none","holdMilliseconds":1}"#, "404 catalog.unknown-application"),
            ("POST", "/v1/pauses", "{}", "400 input.bad-body"), ("POST", "/v1/applications", #"{"name":"shop"}"#, "400 input.bad-body"),
            ("POST", "/v1/applications", #"{"name":"shop","settings":{}}"#, "400 pause.bad-settings"),
            ("POST", "/v1/applications", #"{"name":"shop","settings":{"targets":["a"]}}"#, "400 input.bad-body"),
            ("POST", "/v1/applications", #"{"name":"shop","settings":{"targets":["a:1"],"drainSeconds":0}}"#, "400 pause.bad-settings"),
            ("POST", "/v1/applications", #"{"name":"../x","settings":{"targets":["a:1"]}}"#, "400 input.bad-body"), ("PATCH", "/v1/clusters/none/settings", "{}", "404 catalog.unknown-cluster"),
            ("PATCH", "/v1/clusters/none/settings", #"{"sshPort":"x"}"#, "400 input.bad-body"), ("GET", "/v1/backups/20261124T145501Z-1a2b3c/files/pg", "", "404 catalog.unknown-backup"),
            ("GET", "/v1/backups/20261124T145501Z-1a2b3c/files/..%2fx", "", "400 input.bad-name"), ("GET", "/v1/runs/01J9ZK00000000000000000000?wait=-1", "", "400 input.bad-query"), ("GET", "/v1/runs/short", "", "400 input.bad-name")
        ])
    func refused(_ method: String, _ path: String, _ body: String, _ expected: String) async throws {
        try await ServerBench.with { bench in
            let answer = try await bench.send(method, path, body.isEmpty ? (method == "GET" ? nil : []) : Array(body.utf8))
            #expect(answer.refusal == expected)
        }
    }

    @Test(
        "hostile names in a path never reach anything",
        arguments: [
            "/v1/clusters/..", "/v1/clusters/%2e%2e", "/v1/clusters/..%2f..%2fetc", "/v1/clusters/a%00b", "/v1/clusters/a%2Fb", "/v1/clusters/%2Fetc%2Fpasswd", "/v1/clusters/-x", "/v1/clusters/a%0Ab",
            "/v1/clusters/%27", "/v1/clusters/%C3%A9", "/v1/clusters/%FF", "/v1/clusters/%zz", "/v1/backups/..%5c..", "/v1/backups?cluster=..%2f", "/v1/runs/%2e%2e%2fx"
        ])
    func hostileNames(_ path: String) async throws {
        try await ServerBench.with { bench in
            let answer = try await bench.send("GET", path)
            #expect([400, 404].contains(answer.status), "\(answer.refusal)")
            #expect(answer.refusal.contains(" input."), "\(answer.refusal)")
        }
    }

    @Test("a state that does not fit is a conflict")
    func conflicts() async throws {
        try await ServerBench.with { bench in
            try await bench.setUp()
            #expect(try await bench.send("POST", "/v1/clusters", JSONText.encode(bench.addBody)).refusal == "409 cluster.already-registered")
            #expect(try await bench.send("POST", "/v1/stores", JSONText.encode(bench.storeBody)).refusal == "409 catalog.store-name-taken")
            let gate = FakeGate()
            bench.cluster.on("job upload", times: 3, .hold(gate))
            let run = try await bench.startBackup().run
            try await gate.reached(3)
            #expect(try await bench.send("POST", "/v1/backups", JSONText.encode(BackupStartBody(cluster: ClusterName(unchecked: "prod")))).refusal == "409 catalog.cluster-locked")
            gate.open()
            _ = try await bench.end(run)
            let body = RestoreStartBody(cluster: ClusterName(unchecked: "prod"), node: "10.0.0.2", planDigest: "0000000000000000")
            #expect(try await bench.send("POST", "/v1/restores", JSONText.encode(body)).refusal == "409 restore.plan-changed")
            bench.cluster.change("10.0.0.3") { $0.running = false }
            #expect(try await bench.send("POST", "/v1/restores", JSONText.encode(body)).refusal == "409 restore.override-needed")
        }
    }

    @Test("what can be understood but not done is unprocessable")
    func unprocessable() async throws {
        try await ServerBench.with { bench in
            try await bench.setUp()
            #expect(try await bench.send("POST", "/v1/restores/plan", JSONText.encode(RestoreStartBody(cluster: ClusterName(unchecked: "prod")))).refusal == "422 restore.no-backup")
            _ = try await bench.end(bench.startBackup().run)
            bench.cluster.change("10.0.0.2") { $0.free = 1 }
            let body = RestoreStartBody(cluster: ClusterName(unchecked: "prod"), node: "10.0.0.2", planDigest: "0000000000000000")
            #expect(try await bench.send("POST", "/v1/restores", JSONText.encode(body)).refusal == "422 restore.no-space")
            #expect(try await bench.send("POST", "/v1/restores/plan", JSONText.encode(RestoreStartBody(cluster: ClusterName(unchecked: "prod"), node: "10.9.9.9"))).refusal == "404 restore.unknown-node")
        }
    }

    @Test("a node or store that fails is a bad gateway, with the node's own failure")
    func gateway() async throws {
        try await ServerBench.with { bench in
            _ = try await bench.post("/v1/stores", bench.storeBody, as: StoreBody.self)
            bench.cluster.change("10.0.0.2") { $0.reachable = false }
            #expect(try await bench.send("POST", "/v1/clusters", JSONText.encode(bench.addBody)).refusal == "502 ssh.unreachable")
            bench.cluster.change("10.0.0.2") { ($0.reachable, $0.running) = (true, false) }
            #expect(try await bench.send("POST", "/v1/clusters", JSONText.encode(bench.addBody)).refusal == "502 cluster.node-down")
            bench.cluster.change("10.0.0.1") { $0.running = false }
            #expect(try await bench.send("POST", "/v1/clusters", JSONText.encode(bench.addBody)).refusal == "502 cassandra.unreachable")
            var settings = bench.addBody
            settings.settings.sshPort = 0
            #expect(try await bench.send("POST", "/v1/clusters", JSONText.encode(settings)).refusal == "400 cluster.bad-settings")
        }
    }

    @Test("a body that is too large is refused by its size")
    func tooLarge() async throws {
        try await ServerBench.with { bench in
            let answer = try await bench.send("POST", "/v1/clusters", [UInt8](repeating: 32, count: 2 << 20))
            #expect(answer.refusal == "413 input.body-too-large")
        }
    }
}
