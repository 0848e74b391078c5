@testable import ControlCLI
import BackupModel
import ControlAPI
import Testing

@Suite struct ApplicationTests {
    @Test("what an application's registration says arrives at the master, and nothing that was not said")
    func add() async throws {
        try await withMaster { _, _ in json(application(), status: 201) } _: { bench in
            let outcome = try await bench.run(
                "application", "add", "bank", "--target", "10.0.1.1:60053", "--target", "[::1]:60053", "--srv", "_admin._tcp.bank", "--tls", "--ca-file", "/ca.pem", "--authority", "bank.example",
                "--drain", "1m", "--window", "20s", "--call-timeout", "3s", "--clock-allowance", "250ms", "--allow-unverified", "--require-node-guardian")
            #expect(outcome.output == "application 'bank' is known: 10.0.1.1:60053, 10.0.1.2:60053\nsee whether its instances answer: aeneas application check bank\n")
            _ = try await bench.run("application", "add", "bank", "--target", "10.0.1.1:60053")
            #expect(bench.requests == ["POST /v1/applications", "POST /v1/applications"])
            #expect(
                bench.bodies == [
                    #"{"name":"bank","settings":{"allowUnverified":true,"authority":"bank.example","caFile":"/ca.pem","callSeconds":3,"clockAllowanceMilliseconds":250,"drainSeconds":60,"# +
                        #""requireNodeGuardian":true,"services":["_admin._tcp.bank"],"targets":["10.0.1.1:60053","[::1]:60053"],"tls":true,"windowSeconds":20}}"#,
                    #"{"name":"bank","settings":{"targets":["10.0.1.1:60053"]}}"#,
                ])
        }
    }

    @Test("changing one setting keeps the others, and removing TLS removes what belongs to it")
    func set() async throws {
        let before = application {
            $0.tls = true
            $0.caFile = "/ca.pem"
            $0.authority = "bank.example"
            $0.allowUnverified = true
        }
        try await withMaster { _, _ in json(before) } _: { bench in
            let window = try await bench.run("application", "set", "bank", "--window", "60s", "--no-allow-unverified")
            let plaintext = try await bench.run("application", "set", "bank", "--no-tls", "--srv", "_a._tcp.b", "--no-target")
            #expect(window.status == .done && plaintext.status == .done)
            #expect(bench.requests == ["GET /v1/applications/bank", "PUT /v1/applications/bank/settings", "GET /v1/applications/bank", "PUT /v1/applications/bank/settings"])
            var expected = before.settings
            expected.windowSeconds = 60
            expected.allowUnverified = false
            #expect(try JSONText.decode(ApplicationSettingsBody.self, from: Array(bench.bodies[1].utf8)) == expected)
            expected = before.settings
            (expected.tls, expected.caFile, expected.authority, expected.services, expected.targets) = (false, nil, nil, ["_a._tcp.b"], [])
            #expect(try JSONText.decode(ApplicationSettingsBody.self, from: Array(bench.bodies[3].utf8)) == expected)
            #expect(try await bench.run("application", "set", "bank", "--no-target").status == .usage)
        }
    }

    @Test("an application is shown with what holds for it, and removed by its name")
    func showAndRemove() async throws {
        try await withMaster { _, _ in json(application()) } _: { bench in
            let shown = try await bench.run("application", "show", "bank")
            #expect(
                shown.output == """
                    application 'bank'
                      instances               10.0.1.1:60053, 10.0.1.2:60053
                      TLS                     no
                      drain                   30 s
                      window                  at most 30 s
                      call timeout            5 s
                      clock allowance         500 ms
                      unverifiable instances  refused
                      guardian on a node      if one can be had
                      added                   2026-11-24 14:55:01Z

                    """)
            #expect(try await bench.run("application", "remove", "bank").output == "application 'bank' is forgotten\n")
            #expect(bench.requests.last == "DELETE /v1/applications/bank")
        }
    }

    @Test(
        "a check ends with 0 only when every instance answers that it is open",
        arguments: [(["open", "open"], ProgramExit.done), (["open", "paused"], .notAllOpen), (["open", "unverifiable"], .notAllOpen), (["unreachable", "open"], .notAllOpen)])
    func check(states: [String], exit: ProgramExit) async throws {
        try await withMaster { _, _ in json(status(states[0], states[1])) } _: { bench in
            let outcome = try await bench.run("application", "check", "bank")
            #expect(outcome.status == exit)
            #expect(outcome.output.contains("aeneas pause end bank") == states.contains("paused"))
            #expect(bench.requests == ["GET /v1/applications/bank/status"])
        }
    }

    @Test("a cluster's change sends what is named, and null for what is removed")
    func clusterSet() async throws {
        let cluster = ClusterBody(
            id: ClusterID(unchecked: host(9).rawValue), name: shop, cassandraName: "Shop", release: "5.0.6", partitioner: "p", snitch: "s", schemaVersion: "v", registered: start, seen: start,
            store: nil, application: app, consistent: true, windowCommands: [WindowCommandBody(name: FileName(unchecked: "pg"), words: ["pg_dump", "shop"])], nodes: [], keyspaces: [:])
        try await withMaster { _, _ in json(cluster) } _: { bench in
            let outcome = try await bench.run("cluster", "set", "shop", "--application", "bank", "--consistent", "--with", "pg=pg_dump 'a b'", "--no-store", "--workers", "4")
            #expect(outcome.output.contains("  application       bank\n  backups           consistent unless they say --plain\n  in the window     pg: pg_dump shop\n"))
            _ = try await bench.run("cluster", "set", "shop", "--no-application", "--no-consistent", "--no-with")
            #expect(bench.requests == ["PATCH /v1/clusters/shop/settings", "PATCH /v1/clusters/shop/settings"])
            #expect(
                bench.bodies == [
                    #"{"application":"bank","consistent":true,"store":null,"windowCommands":[{"name":"pg","words":["pg_dump","a b"]}],"workers":4}"#,
                    #"{"application":null,"consistent":false,"windowCommands":[]}"#,
                ])
        }
    }
}
