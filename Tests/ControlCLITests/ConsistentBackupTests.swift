@testable import ControlCLI
import BackupModel
import ControlAPI
import HTTPServer
import Testing

private func master(_ state: String, _ backup: BackupBody, failure: Failure? = nil) -> @Sendable (HTTPRequest, Int) -> HTTPResponse {
    { request, _ in
        switch (request.method, request.path) {
        case ("POST", _): json(RunStartedBody(run: runID, backup: backupID), status: 202)
        case (_, "/v1/runs/\(runID)"): json(run(state, failure: failure))
        default: json(backup)
        }
    }
}

private let doubt = PauseDoubt("pause.target-restarted", "10.0.1.2:60053 restarted")

@Suite struct ConsistentBackupTests {
    @Test("a consistent backup tells how long the application was paused, and what was asked for goes to the master")
    func consistent() async throws {
        try await withMaster(master("succeeded", backup(pause: window(milliseconds: 61)))) { bench in
            let outcome = try await bench.run("backup", "start", "shop", "--consistent", "--keep-plain", "--with", "pg=pg_dump --file=- 'a b'", "--with", "other=true")
            #expect(outcome.status == .done)
            #expect(outcome.output.hasSuffix("; 300 MiB sent\ntransactional: application paused 84 ms, window 61 ms\n"))
            #expect(bench.bodies[0] == #"{"cluster":"shop","commands":[{"name":"pg","words":["pg_dump","--file=-","a b"]},{"name":"other","words":["true"]}],"consistent":true,"keepPlain":true,"keyspaces":[]}"#)
            _ = try await bench.run("backup", "start", "shop", "--plain", "--no-wait")
            #expect(bench.bodies.last == #"{"cluster":"shop","consistent":false,"keyspaces":[]}"#)
        }
    }

    @Test("one that is not consistent ends with 1 and its doubts, and with 3 when it was kept as a plain one", arguments: [("failed", ProgramExit.failed), ("partly-failed", .keptPlain)])
    func notConsistent(state: String, exit: ProgramExit) async throws {
        var body = backup(pause: window([doubt], milliseconds: 61))
        if state == "failed" { (body.state, body.description) = ("failed", nil) }
        try await withMaster(master(state, body, failure: Failure("backup.not-consistent", "the backup is not consistent"))) { bench in
            let outcome = try await bench.run("backup", "start", "shop", "--consistent")
            #expect(outcome.status == exit)
            #expect(outcome.errors == "error: the backup is not consistent\ncode: backup.not-consistent   run: \(runID)\nnot consistent, because:\n  [pause.target-restarted] 10.0.1.2:60053 restarted\n")
            #expect(outcome.output.contains("per node (not consistent): application paused 84 ms") == (exit == .keptPlain))
        }
    }

    @Test("the list tells transactional backups from plain ones and from those that were to be more")
    func list() {
        let text = BackupText.list([backup(pause: window()), backup(), backup(pause: window([doubt]))])
        #expect(text.split(separator: "\n").dropFirst().map { $0.split(separator: "  ", omittingEmptySubsequences: true)[3] } == ["transactional", "per node", "per node (not consistent)"])
    }

    @Test("a backup is shown with its window, each node's part in it, the doubts and the files")
    func show() {
        let nodes = [NodeInWindow(hostID: host(1), address: "10.0.0.1", sentMicroseconds: 950, answeredMicroseconds: 52_399, serverMicroseconds: 48_000)]
        let file = BackupFile(
            name: FileName(unchecked: "pg"), size: 5_242_880, sha256: SHA256Hex(unchecked: String(repeating: "b", count: 64)), command: ["pg_dump", "shop"], started: start,
            ended: start.advanced(by: 1_250))
        let text = BackupText.one(backup(pause: window([doubt], milliseconds: 61, nodes: nodes), files: [file]))
        #expect(text.contains("  consistency     per node (not consistent)\n"))
        #expect(
            text.hasSuffix(
                """

                the application was paused:
                  application  bank, 2 instances
                  pause        \(pauseID)
                  lengths    application paused 84 ms, window 61 ms
                  window     2026-11-24 14:55:01.250Z to 2026-11-24 14:55:01.311Z
                  middle     2026-11-24 14:55:01.280Z
                  safe part  none: the window is too short for the clock allowance at both ends
                  verdict    NOT CONSISTENT: the window proves nothing
                not consistent, because:
                  [pause.target-restarted] 10.0.1.2:60053 restarted

                ADDRESS   ASKED AT MS  ANSWERED AT MS  SNAPSHOT TOOK MS
                10.0.0.1          0.9            52.3              48.0

                FILE     SIZE     TOOK  SHA-256                                                           COMMAND
                pg    5.0 MiB  1.250 s  \(String(repeating: "b", count: 64))  pg_dump shop

                """))
        #expect(BackupText.one(backup(pause: window(milliseconds: 61))).contains("  verdict    consistent: no transaction of 'bank' was under way in the window\n"))
    }

    @Test("a restore that is asked to be consistent says so to the master")
    func restore() async throws {
        try await withMaster { _, _ in json(plan()) } _: { bench in
            _ = try await bench.run("restore", "plan", "shop", "--consistent")
            #expect(bench.bodies == [#"{"cluster":"shop","consistent":true,"overrides":[]}"#])
        }
    }
}
