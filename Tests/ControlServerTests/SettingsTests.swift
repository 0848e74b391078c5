import BackupModel
import Catalog
import ControlAPI
import TestSupport
import Testing

@Suite struct SettingsTests {
    @Test("a change of a cluster's settings that is sent as JSON comes back as it was, null and all")
    func patchCoding() throws {
        var changes = ClusterSettingsBody()
        changes.sshPort = 2222
        changes.windowCommands = [WindowCommandBody(name: FileName(unchecked: "pg"), words: ["pg_dump"])]
        let patch = ClusterSettingsPatch(changes: changes, removed: [.application, .store]), text = String(decoding: JSONText.encode(patch), as: UTF8.self)
        #expect(text == #"{"application":null,"sshPort":2222,"store":null,"windowCommands":[{"name":"pg","words":["pg_dump"]}]}"#)
        #expect(try JSONText.decode(ClusterSettingsPatch.self, from: Array(text.utf8)) == patch)
        #expect(try JSONText.decode(ClusterSettingsPatch.self, from: Array("{}".utf8)) == ClusterSettingsPatch())
    }

    @Test("settings of a cluster change by what is named, keep the rest, and lose what is null")
    func patch() async throws {
        try await ServerBench.with { bench in
            try await bench.setUp()
            _ = try await bench.post("/v1/applications", bench.applicationBody, as: ApplicationBody.self)
            func patch(_ text: String) async throws -> ServerBench.Answer { try await bench.send("PATCH", "/v1/clusters/prod/settings", Array(text.utf8)) }
            let first: ClusterBody = try await patch(
                #"{"application":"shop","consistent":true,"sshPort":2222,"bytesPerSecond":100000,"nodes":{"10.0.0.1":{"sshPort":7}}}"#
            ).decoded()
            #expect(first.application?.rawValue == "shop" && first.consistent && first.store?.rawValue == "main" && first.windowCommands.isEmpty)
            let second: ClusterBody = try await patch(
                #"{"windowCommands":[{"name":"pg","words":["pg_dump","shop"]}],"store":null,"bytesPerSecond":null,"nodes":{"10.0.0.2":{"jmxPort":8},"10.0.0.1":{}}}"#
            ).decoded()
            #expect(second.windowCommands.map(\.words) == [["pg_dump", "shop"]] && second.store == nil && second.application?.rawValue == "shop")
            #expect(try await bench.get("/v1/clusters/prod", as: ClusterBody.self) == second)
            let settings = try await bench.catalog.cluster(named: ClusterName(unchecked: "prod")).settings
            #expect(settings.ssh.port == 2222 && settings.ssh.user == "aeneas" && settings.transfer.bytesPerSecond == nil && settings.transfer.workers == 4)
            #expect(settings.nodeOverrides.keys.sorted() == ["10.0.0.2"])
        }
    }

    @Test(
        "settings that cannot work are refused, and nothing changes",
        arguments: [
            (#"{"sshPort":0}"#, "400 cluster.bad-settings"), (#"{"consistent":true}"#, "400 cluster.bad-settings"),
            (#"{"application":"none"}"#, "404 catalog.unknown-application"),
            (#"{"store":"none","sshPort":2222}"#, "404 catalog.unknown-store"), (#"{"windowCommands":[{"name":"a","words":[]}]}"#, "400 cluster.bad-settings"),
            (#"{"windowCommands":[{"name":"a","words":["x"]},{"name":"a","words":["y"]}]}"#, "400 cluster.bad-settings"),
            (#"{"nodes":{"no such":{"sshPort":1}}}"#, "400 input.bad-name"),
        ])
    func refused(_ text: String, _ expected: String) async throws {
        try await ServerBench.with { bench in
            try await bench.setUp()
            let before = try await bench.catalog.clusters()
            #expect(try await bench.send("PATCH", "/v1/clusters/prod/settings", Array(text.utf8)).refusal == expected)
            #expect(try await bench.catalog.clusters() == before)
        }
    }

    @Test("applications: each path answers with its body, defaults filled in")
    func applications() async throws {
        try await ServerBench.with { bench in
            let answer = try await bench.send("POST", "/v1/applications", JSONText.encode(bench.applicationBody))
            #expect(answer.status == 201)
            let added: ApplicationBody = try answer.decoded()
            #expect(added.settings.targets == bench.application.targets && added.settings.drainSeconds == 30 && added.settings.tls == false)
            #expect(try await bench.get("/v1/applications", as: [ApplicationBody].self) == [added])
            #expect(try await bench.send("POST", "/v1/applications", JSONText.encode(bench.applicationBody)).refusal == "409 catalog.application-name-taken")

            var settings = bench.applicationBody.settings
            settings.windowSeconds = 7
            settings.services = ["_scalar-admin._tcp.shop.example.com"]
            let put = try await bench.send("PUT", "/v1/applications/shop/settings", JSONText.encode(settings))
            let changed = try put.decoded(ApplicationBody.self).settings
            #expect(changed.windowSeconds == 7 && changed.services == settings.services)
            settings.windowSeconds = 0
            #expect(try await bench.send("PUT", "/v1/applications/shop/settings", JSONText.encode(settings)).refusal == "400 pause.bad-settings")
            #expect(try await bench.get("/v1/applications/shop", as: ApplicationBody.self).settings.windowSeconds == 7)

            try await bench.setUp()
            _ = try await bench.send("PATCH", "/v1/clusters/prod/settings", Array(#"{"application":"shop"}"#.utf8))
            #expect(try await bench.send("DELETE", "/v1/applications/shop").refusal == "409 catalog.application-in-use")
            _ = try await bench.send("PATCH", "/v1/clusters/prod/settings", Array(#"{"application":null}"#.utf8))
            let removed: ApplicationBody = try await bench.send("DELETE", "/v1/applications/shop").decoded()
            #expect(removed.name == added.name && removed.settings.windowSeconds == 7)
            #expect(try await bench.get("/v1/applications", as: [ApplicationBody].self).isEmpty)
        }
    }
}
