@testable import ControlCLI
import BackupModel
import ControlAPI
import HTTPServer
import Testing

@Suite struct WatchingTests {
    @Test("a run is followed to its end: stages, events and outcome as lines in a pipe")
    func lines() async throws {
        try await withMaster { request, number in
            switch number {
            case 0: json(run("running", stages: [stage("check")], events: [event(1, "first")]))
            case 1: json(run("running", stages: [stage("check", "done", seconds: 2), stage("upload")], nodes: [runNode(1, "running", progress(1, of: 4))], events: [event(2, "second")]))
            case 2: json(run("succeeded", stages: [stage("check", "done", seconds: 2), stage("upload", "done", seconds: 9)], nodes: [runNode(1, "done")], events: [event(3, "third")]))
            default: json(run("succeeded", stages: [stage("check", "done", seconds: 2), stage("upload", "done", seconds: 9)], nodes: [runNode(1, "done")]))
            }
        } _: { bench in
            let outcome = try await bench.run("run", "watch", runID.rawValue)
            #expect(
                outcome.output == """
                    14:55:01Z check: running
                    14:55:02Z first
                    14:55:03Z check: done after 2 s
                    14:55:01Z upload: running
                    14:55:03Z second
                    14:55:10Z 10.0.0.1 upload: 25%, 1 B of 4 B
                    14:55:10Z upload: done after 9 s
                    14:55:04Z third
                    backup of 'shop' succeeded after 1 min 12 s

                    """)
            #expect(outcome.status == .done)
            #expect(bench.requests.map { $0.split(separator: "?")[1] } == ["after=0&wait=0", "after=1&wait=20", "after=2&wait=20", "after=3&wait=20"])
        }
    }

    @Test("a dropped connection and a master that is stopping are waited out, and no event is shown twice")
    func droppedConnection() async throws {
        try await withMaster { _, number in
            switch number {
            case 0: json(run("running", events: [event(1, "first")]))
            case 1: broken
            case 2: refusal(Failure("server.stopping", "the master is stopping", recovery: .retry), status: 503)
            case 3: json(run("succeeded", events: [event(2, "second")]))
            default: json(run("succeeded"))
            }
        } _: { bench in
            let outcome = try await bench.run("run", "watch", runID.rawValue)
            #expect(outcome.status == .done)
            #expect(outcome.output == "14:55:02Z first\n14:55:03Z second\nbackup of 'shop' succeeded after 1 min 12 s\n")
            #expect(outcome.errors.hasPrefix("lost the master, trying again: unable to reach the master at unix socket "))
            #expect(outcome.errors.hasSuffix("\nthe master is back\n"))
            #expect(bench.requests[1...3].allSatisfy { $0.contains("after=1&") })
        }
    }

    @Test("a master that stays away ends the watching with how to go on")
    func masterStaysAway() async throws {
        try await withMaster { _, number in number == 0 ? json(run("running")) : refusal(Failure("server.stopping", "the master is stopping"), status: 503) } _: { bench in
            let outcome = try await bench.run("run", "watch", runID.rawValue)
            #expect(outcome.status == .failed)
            #expect(
                outcome.errors == """
                    lost the master, trying again: the master is stopping
                    error: the master is stopping
                    HINT: the run may go on without the master: once it is back, 'aeneas run watch \(runID)'
                    code: server.stopping   run: \(runID)

                    """)
        }
    }

    @Test("a run that failed, and one that failed on some nodes, have their own exit codes and errors", arguments: [("failed", ProgramExit.failed), ("partly-failed", .someNodesFailed)])
    func failures(state: String, status: ProgramExit) async throws {
        let body = run(state, nodes: [runNode(2, "failed", failure: Failure("ssh.unreachable", "no answer"))], failure: Failure("backup.not-whole", "a node has no part", hint: "again?"))
        try await withMaster { _, _ in json(body) } _: { bench in
            let outcome = try await bench.run("run", "watch", runID.rawValue)
            #expect(outcome.status == status)
            #expect(outcome.errors == "error: 10.0.0.2: no answer [ssh.unreachable]\nerror: a node has no part\nHINT: again?\ncode: backup.not-whole   run: \(runID)\n")
            #expect(!outcome.output.contains("succeeded"))
        }
    }

    @Test("a cancelled and an interrupted run are failures with a code", arguments: [("cancelled", "run.cancelled"), ("interrupted", "run.interrupted")])
    func ended(state: String, code: String) async throws {
        try await withMaster { _, _ in json(run(state)) } _: { bench in
            let outcome = try await bench.run("run", "watch", runID.rawValue)
            #expect(outcome.status == .failed)
            #expect(outcome.errors == "error: backup of 'shop' \(state) after 1 min 12 s\ncode: \(code)   run: \(runID)\n")
        }
    }

    @Test("events are lines of JSON on request, and a waiting command prints the run alone")
    func jsonOutput() async throws {
        try await withMaster { request, _ in
            if request.method == "POST" { return json(RunStartedBody(run: runID, backup: backupID), status: 202) }
            return json(run("succeeded", events: request.query("after") == "0" ? [event(1, "first"), event(2, "second")] : []))
        } _: { bench in
            let watched = try await bench.run("run", "watch", runID.rawValue, "--output", "json")
            #expect(watched.output.split(separator: "\n").map { try? JSONText.decode(RunBody.Event.self, from: Array($0.utf8)).number } == [1, 2])
            let backedUp = try await bench.run("backup", "start", "shop", "--output", "json")
            #expect(try JSONText.decode(RunBody.self, from: Array(backedUp.output.utf8)).events.map(\.number) == [1, 2])
        }
    }

    @Test("on a terminal the bars are redrawn in place")
    func bars() async throws {
        try await withMaster { _, number in
            number < 2 ? json(run("running", nodes: [runNode(1, "running", progress(number, of: 4)), runNode(2, "done")])) : json(run("succeeded", nodes: [runNode(1, "done"), runNode(2, "done")]))
        } _: { bench in
            let outcome = try await bench.run("run", "watch", runID.rawValue, terminal: (80, 24))
            let bar0 = "10.0.0.1  upload  [....................] 0%, 0 B of 4 B\n10.0.0.2  upload  done\n", bar1 = "10.0.0.1  upload  [#####...............] 25%, 1 B of 4 B\n10.0.0.2  upload  done\n"
            #expect(outcome.output == "\(bar0)\u{1B}[2A\u{1B}[J\(bar1)\u{1B}[2A\u{1B}[J10.0.0.1  upload  done\n10.0.0.2  upload  done\nbackup of 'shop' succeeded after 1 min 12 s\n")
        }
    }

    @Test("a node's progress is printed at most every five seconds, and its failure at once")
    func quietProgress() {
        final class Recorder {
            var text = ""
            var now = 0
        }
        let recorder = Recorder()
        let console = Console(
            write: { recorder.text += $0 }, writeError: { _ in }, readLine: { nil }, isInteractive: false, terminalSize: { nil }, sleep: { _ in }, uptimeMilliseconds: { recorder.now })
        var presenter = LinePresenter(console: console)
        for (now, done) in [(0, 1), (4999, 2), (5000, 2), (5001, 3)] {
            recorder.now = now
            presenter.show(run("running", nodes: [runNode(1, "running", progress(done, of: 4))]), new: [])
        }
        presenter.show(run("running", nodes: [runNode(1, "failed", failure: Failure("a.b", "broken"))]), new: [])
        #expect(recorder.text == "14:55:10Z 10.0.0.1 upload: 25%, 1 B of 4 B\n14:55:10Z 10.0.0.1 upload: 50%, 2 B of 4 B\n14:55:10Z 10.0.0.1 upload: failed: broken\n")
    }
}
