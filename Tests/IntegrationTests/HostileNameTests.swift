import Crypto
import Foundation
import Testing

extension SimulatedCassandra {
    @Suite("hostile names", .serialized)
    struct HostileNames {
        /// Each leaves a file of this name somewhere if a shell or a path ever takes it at its word.
        private static let canary = "aeneas-canary"
        private static let texts = [
            "", " ", "-rf", "--yes", "../../\(canary)", "/tmp/\(canary)", "$(touch \(canary))", "`touch \(canary)`", "; touch \(canary)", "a|touch \(canary)",
            "a\ntouch \(canary)", "it's", "\"", "a b", "*", "..",
        ]

        @Test("the command line refuses each before anything is done with it")
        func commandLine() async throws {
            let bed = try await SharedBed.simulated.bed(), master = try await Master.registered(bed), contact = bed.nodes[0].address
            for text in Self.texts {
                let commands: [[String]] = [
                    ["cluster", "add", text, "--contact", contact], ["cluster", "add", "two", "--contact", text], ["cluster", "show", text],
                    ["store", "add", text, "--folder", "/tmp"],
                    ["host", "scan", text], ["backup", "start", "prod", "--store", text], ["backup", "start", "prod", "--store", "main", "--keyspace", text],
                    ["backup", "show", text],
                    ["restore", "plan", "prod", "--node", text], ["restore", "plan", "prod", "--backup", text], ["run", "show", text],
                ]
                for command in commands {
                    let ran = try await master.aeneas(command, timeoutSeconds: 60)
                    #expect(ran.status == 64, "\(command): \(ran)")
                }
                if !["/tmp/\(Self.canary)", ".."].contains(text) {
                    let folder = try await master.aeneas(["cluster", "add", "two", "--contact", contact, "--agent-folder", text])
                    #expect(folder.status == 64 || folder.errors.contains("code: cluster.bad-settings"), "\(text): \(folder)")
                }
            }
            #expect((try await master.json("cluster", "list") as? [Any])?.count == 1)
            #expect((try await master.json("run", "list") as? [Any])?.isEmpty == true)
            try noCanary(bed, master)
            master.kill(SIGTERM)
        }

        @Test("REST refuses each as a bad request")
        func rest() async throws {
            let bed = try await SharedBed.simulated.bed(), master = try await Master.registered(bed), contact = bed.nodes[0].address
            for text in Self.texts + ["a\0b", "\0", "-", String(repeating: "a", count: 300)] {
                let name = json(text), settings = "{\"sshUser\":\"\(bed.description.sshUser)\",\"sshKeyFile\":\(json(bed.description.sshKey))"
                var requests = [
                    ("/v1/clusters", "{\"name\":\(name),\"contact\":\"\(contact)\",\"settings\":{},\"acceptNewHostKeys\":false}"),
                    ("/v1/clusters", "{\"name\":\"two\",\"contact\":\(name),\"settings\":{},\"acceptNewHostKeys\":false}"),
                    ("/v1/stores", "{\"name\":\(name),\"kind\":\"folder\",\"path\":\"/tmp\"}"), ("/v1/hosts/scan", "{\"address\":\(name),\"port\":22}"),
                    ("/v1/backups", "{\"cluster\":\(name),\"keyspaces\":[]}"),
                    ("/v1/backups", "{\"cluster\":\"prod\",\"store\":\"main\",\"keyspaces\":[\(name)]}"),
                    (
                        "/v1/clusters",
                        "{\"name\":\"two\",\"contact\":\"\(contact)\",\"settings\":\(settings),\"nodes\":{\(name):{\"sshPort\":22}}},\"acceptNewHostKeys\":false}"
                    ),
                    ("/v1/clusters", "{\"name\":\"two\",\"contact\":\"\(contact)\",\"settings\":\(settings),\"jmxHost\":\(name)},\"acceptNewHostKeys\":false}"),
                ]
                if text != "/tmp/\(Self.canary)" {
                    requests.append(
                        (
                            "/v1/clusters",
                            "{\"name\":\"two\",\"contact\":\"\(contact)\",\"settings\":\(settings),\"agentFolder\":\(name)},\"acceptNewHostKeys\":false}"
                        ))
                }
                if text == "" || text.hasPrefix("-") || text.utf8.contains(0) {
                    requests.append(
                        (
                            "/v1/clusters",
                            "{\"name\":\"two\",\"contact\":\"\(contact)\",\"settings\":\(settings),\"stopCommand\":[\(name)]},\"acceptNewHostKeys\":false}"
                        ))
                }
                for (path, body) in requests {
                    let (status, code, answer) = try await master.raw("POST", path, body)
                    #expect(status == 400 && (code.hasPrefix("input.") || code == "cluster.bad-settings"), "\(path) \(body): \(status) \(answer)")
                }
            }
            for path in [
                "/v1/clusters/%2e%2e%2f%2e%2e%2f\(Self.canary)", "/v1/clusters/a%00b", "/v1/runs/%24%28touch%20x%29", "/v1/backups/../../etc/passwd",
                "/v1/clusters/%ff",
            ] {
                let (status, _, answer) = try await master.raw("GET", path, "")
                #expect([400, 404].contains(status), "\(path): \(status) \(answer)")
            }
            #expect((try await master.json("cluster", "list") as? [Any])?.count == 1)
            try noCanary(bed, master)
            master.kill(SIGTERM)
        }

        private func json(_ text: String) -> String {
            String(decoding: (try? JSONSerialization.data(withJSONObject: text, options: .fragmentsAllowed)) ?? Data(), as: UTF8.self)
        }

        @Test("what stands in the stop command is given to its program as it is, by no shell")
        func stopCommand() async throws {
            let bed = try await SharedBed.simulated.bed(), master = try Master(), node = bed.nodes[1]
            try await master.start()
            let script = master.folder + "/stop", seen = master.folder + "/arguments"
            let text = "#!/bin/sh\nprintf '%s\\0' \"$@\" > '\(seen)'\nexec '\(TestBed.tool)' node-stop '\(bed.folder)' \"$1\"\n"
            FileManager.default.createFile(atPath: script, contents: Data(text.utf8), attributes: [.posixPermissions: 0o755])
            let hostile = [
                "$(touch \(Self.canary))", "; touch \(Self.canary)", "`touch \(Self.canary)`", "a b", "", "--", "-rf", "*", "it's \"quoted\"", "a\nb", "$HOME",
                "x{address}", "\\",
            ]
            let (status, _, answer) = try await master.raw("POST", "/v1/clusters", try registration(bed, stop: [script, "{address}"] + hostile))
            try #require(status == 201, "\(answer)")
            try requireDone(try await master.addStore("folder", as: "main"))
            let id = try await master.completeBackup()
            try requireDone(try await master.aeneas("restore", "start", "prod", "--node", node.address, "--backup", id, "--yes", "--drop-aside"))
            let given = try String(contentsOfFile: seen, encoding: .utf8).split(separator: "\0", omittingEmptySubsequences: false).dropLast().map(String.init)
            #expect(given == [node.address] + hostile)
            try noCanary(bed, master)
            master.kill(SIGTERM)
        }

        private func registration(_ bed: TestBed, stop: [String]) throws -> String {
            var settings: [String: Any] = ["sshUser": bed.description.sshUser, "sshKeyFile": bed.description.sshKey, "agentFolder": bed.folder + "/agent"]
            settings["stopCommand"] = stop
            settings["startCommand"] = bed.description.startCommand
            settings["nodes"] = Dictionary(uniqueKeysWithValues: bed.nodes.map { ($0.address, ["sshPort": $0.sshPort, "jmxPort": $0.jmxPort]) })
            let body: [String: Any] = ["name": "prod", "contact": bed.nodes[0].address, "settings": settings, "acceptNewHostKeys": true]
            return String(decoding: try JSONSerialization.data(withJSONObject: body), as: UTF8.self)
        }

        @Test("a manifest with a name that leaves its folder, or with numbers that do not fit, is refused by verify and restore, its digest being right")
        func manifest() async throws {
            let bed = try await SharedBed.simulated.bed(), master = try await Master.registered(bed), node = bed.nodes[1]
            let id = try await master.completeBackup(), manifest = try await StoredManifest(master, backup: id, node: node.address), before = node.pid
            for change in HostileManifest.changes {
                try await manifest.replace(change)
                let verified = try await master.aeneas("backup", "verify", id)
                #expect(
                    verified.status == 1 && verified.errors.contains(node.address) && verified.errors.contains("code: manifest.damaged"),
                    "\(change): \(verified)")
                let ran = try await master.aeneas("restore", "start", "prod", "--node", node.address, "--backup", id, "--yes")
                #expect(ran.status == 1 && ran.errors.contains("code: restore.manifest-unreadable"), "\(change): \(ran)")
            }
            #expect(node.pid == before && before != nil)
            #expect((try await master.json("restore", "list") as? [Any])?.isEmpty == true)
            try noCanary(bed, master)
            master.kill(SIGTERM)
        }

        private func noCanary(_ bed: TestBed, _ master: Master, _ location: SourceLocation = #_sourceLocation) throws {
            let places = [bed.folder, master.folder].flatMap { folder in
                (FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []).map { folder + "/" + $0 }
            }
            let near = ["/tmp", NSTemporaryDirectory(), FileManager.default.currentDirectoryPath, "/", NSHomeDirectory()].flatMap { folder in
                ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).map { folder + "/" + $0 }
            }
            #expect((places + near).filter { ($0 as NSString).lastPathComponent.contains(Self.canary) } == [], sourceLocation: location)
        }
    }
}
