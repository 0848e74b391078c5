@testable import ControlCLI
import BackupModel
import ControlAPI
import Foundation
import HTTPServer
import Testing

@Suite struct CommandTests {
    @Test("a backup is started, followed and summed up")
    func backupStart() async throws {
        try await withMaster { request, _ in
            switch request.path {
            case "/v1/backups": json(RunStartedBody(run: runID, backup: backupID), status: 202)
            case "/v1/runs/\(runID)": json(run("succeeded"))
            default: json(backup())
            }
        } _: { bench in
            let outcome = try await bench.run("backup", "start", "shop", "--store", "prod", "--keyspace", "a", "--keyspace", "B_c")
            #expect(
                outcome.output == """
                    backup \(backupID) of 'shop' started, run \(runID)
                    backup of 'shop' succeeded after 1 min 12 s
                    backup \(backupID) of 'shop' is complete in 3 min 12 s: 1.2 GiB in 345 SSTables; 300 MiB sent

                    """)
            #expect(bench.bodies[0] == #"{"cluster":"shop","keyspaces":["a","B_c"],"store":"prod"}"#)
        }
    }

    @Test("what the master refuses is printed with hint, code and run, and ends with 1")
    func refusals() async throws {
        try await withMaster { _, _ in refusal(Failure("catalog.cluster-locked", "'shop' is in work", hint: "aeneas run list"), status: 409, run: runID) } _: { bench in
            let outcome = try await bench.run("backup", "start", "shop", "--output", "json")
            #expect(outcome.status == .failed)
            #expect(outcome.errors == "error: 'shop' is in work\nHINT: aeneas run list\ncode: catalog.cluster-locked   run: \(runID)\n")
            #expect(outcome.output.isEmpty)
        }
    }

    @Test("an answer that is not a master's is named as such", arguments: [HTTPResponse(status: 502, text: "<html>"), HTTPResponse(status: 200, text: "[1]"), json(["a": 1])])
    func foreignAnswers(answer: HTTPResponse) async throws {
        try await withMaster { _, _ in answer } _: { bench in
            let outcome = try await bench.run("cluster", "list")
            #expect(outcome.status == .failed)
            #expect(outcome.errors.hasSuffix("HINT: are aeneas and aeneasd of the same version? see 'aeneas version'\ncode: control.bad-answer\n"))
        }
    }

    @Test("a socket that is absent and one that nobody answers are told apart")
    func unreachable() async throws {
        let absent = try await Bench.run(["--socket", "/nonexistent/s", "run", "list"])
        #expect(absent.errors.hasPrefix("error: unable to reach the master at unix socket '/nonexistent/s': no such file\nHINT: is aeneasd running, and is this its socket"))
        let folder = try TemporaryFolder()
        let dead = try await Bench.run(["--socket", try folder.write("s", ""), "run", "list"])
        #expect(dead.errors.hasSuffix("': nothing answers there\nHINT: is aeneasd running? see 'systemctl status aeneasd'\ncode: control.unreachable\n"))
        #expect(absent.status == .failed && dead.status == .failed)
    }

    @Test("over TCP the token of the file goes along")
    func token() async throws {
        let server = HTTPServer(listeners: [.tcp(address: "127.0.0.1", port: 0)]) { request in
            request.headers["authorization"] == "Bearer s3cret" ? json([RunBody]()) : refusal(Failure("access.no-token", "a token is needed over TCP"), status: 401)
        }
        try server.start()
        let folder = try TemporaryFolder(), url = "http://127.0.0.1:\(server.port!)"
        let with = try await Bench.run(["--url", url, "--token-file", try folder.write("token", "s3cret\n"), "run", "list"])
        let without = try await Bench.run(["--url", url, "run", "list"])
        let unreadable = try await Bench.run(["--url", url, "--token-file", "\(folder.path)/none", "run", "list"])
        await server.stop(grace: .zero)
        #expect(with.output == "no runs\n")
        #expect(without.errors == "error: a token is needed over TCP\ncode: access.no-token\n")
        #expect(unreadable.errors.contains("code: control.token-unreadable"))
    }

    @Test("lists ask for one cluster when told so, and JSON is what the master said")
    func lists() async throws {
        try await withMaster { _, _ in json([backup()]) } _: { bench in
            let text = try await bench.run("backup", "list", "--cluster", "shop")
            #expect(
                text.output == """
                    ID                       CLUSTER  STATE     CONSISTENCY  STORE  STARTED               TOOK           SIZE     SENT  DAMAGED
                    20261124T145501Z-1a2b3c  shop     complete  per node     prod   2026-11-24 14:55:01Z  3 min 12 s  1.2 GiB  300 MiB        -

                    """)
            #expect(bench.requests == ["GET /v1/backups?cluster=shop"])
            let asJSON = try await bench.run("--output", "json", "backup", "list").output
            #expect(try JSONText.decode([BackupBody].self, from: Array(asJSON.utf8)) == [backup()])
        }
    }

    @Test("a host's key is pinned by its fingerprint, by a person's yes, or by --yes when the host is new; a changed one never by --yes")
    func hostTrust() async throws {
        for (trust, arguments, typed, status) in [
            ("unknown", ["--fingerprint", "SHA256:a"], nil, ProgramExit.done), ("unknown", ["--yes"], nil, .done), ("unknown", [], ["yes"], .done), ("unknown", [], ["y"], .failed),
            ("unknown", [], nil, .usage), ("changed", ["--yes"], nil, .failed), ("changed", ["--yes"], ["yes"], .done),
        ] as [(String, [String], [String]?, ProgramExit)] {
            let key = HostKeyBody(address: HostAddress(unchecked: "h"), port: 22, algorithm: "ssh-ed25519", fingerprint: "SHA256:a", trust: trust, pinned: [])
            try await withMaster { _, _ in json(key) } _: { bench in
                let outcome = try await Bench.run(["--socket", bench.socket, "host", "trust", "h"] + arguments, typed: typed)
                #expect(outcome.status == status, "\(trust) \(arguments) \(typed ?? [])")
                #expect(bench.requests.contains("POST /v1/hosts/trust") == (status == .done))
            }
        }
    }

    @Test("the built program ends with the codes that it promises, and Ctrl-C ends the watching alone", .enabled(if: BuiltProgram.path != nil, "the program 'aeneas' is not built beside the tests"))
    func builtProgram() async throws {
        try await withMaster { request, number in
            // The second question waits, as it does at a master.
            number == 0 ? json(run("running", events: [event(1, "first")])) : HTTPResponse(status: 200, body: .stream(AsyncStream { _ in }))
        } _: { bench in
            let program = try BuiltProgram(["--socket", bench.socket, "run", "watch", runID.rawValue])
            let first = await program.firstLine()
            program.interrupt()
            let (status, errors) = await program.end()
            #expect(first == "14:55:02Z first")
            #expect(status == 130)
            #expect(errors == "\nno longer watching; the run goes on: aeneas run watch \(runID)\n")
            for (arguments, expected) in [(["backup", "lsit"], 64), (["--socket", "/nonexistent/s", "run", "list"], 1), (["--help"], 0)] as [([String], Int32)] {
                let ended = try await BuiltProgram(arguments).end()
                #expect(ended.status == expected)
            }
        }
    }
}
