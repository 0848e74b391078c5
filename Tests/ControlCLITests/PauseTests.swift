@testable import ControlCLI
import BackupModel
import ControlAPI
import HTTPServer
import Testing

@Suite struct PauseTests {
    @Test("status asks every application, names what holds an instance, and ends with 3 while one is not open")
    func pauseStatus() async throws {
        try await withMaster { request, _ in
            switch request.path {
            case "/v1/applications": json([application(), ApplicationBody(name: ApplicationName(unchecked: "other"), settings: application().settings, created: start)])
            case "/v1/applications/bank/status": json(status("paused", "unreachable", open: [pause("paused")]))
            default: json(ApplicationStatusBody(name: ApplicationName(unchecked: "other"), targets: [.init(target: target(3), state: "open", detail: nil)], openPauses: []))
            }
        } _: { bench in
            let outcome = try await bench.run("pause", "status")
            #expect(outcome.status == .notAllOpen)
            #expect(
                outcome.output == """
                    APPLICATION  INSTANCE        STATE        SINCE                 RUN
                    bank         10.0.1.1:60053  PAUSED       2026-11-24 14:55:01Z  01J9ZK00000000000000000001
                    bank         10.0.1.2:60053  UNREACHABLE  2026-11-24 14:55:01Z  01J9ZK00000000000000000001  connection refused
                    other        10.0.1.3:60053  open         -                     -

                    to open 'bank' at once: aeneas pause end \(pauseID)

                    """)
            #expect(try await bench.run("pause", "status", "other").status == .done)
            #expect(bench.requests.last == "GET /v1/applications/other/status")
        }
    }

    @Test("a pause is ended by its id, an application opened by its name, and what stays closed fails")
    func end() async throws {
        try await withMaster { request, _ in request.path.hasPrefix("/v1/pauses") ? json(pause("ended")) : json(status("open", "paused")) } _: { bench in
            let byID = try await bench.run("pause", "end", pauseID.rawValue), byName = try await bench.run("pause", "end", "bank")
            #expect(byID.output == "every instance of 'bank' is open: pause \(pauseID) has ended\n")
            #expect(byID.status == .done && byName.status == .failed)
            #expect(bench.requests == ["POST /v1/pauses/\(pauseID)/end", "POST /v1/applications/bank/unpause"])
            #expect(try await bench.run("pause", "end", "Bank").status == .usage)
        }
        let byHand = Failure("pause.not-opened", "UNPAUSE FAILED", hint: "aeneas pause end X, or by hand, for each instance:\ncurl a\ncurl b")
        try await withMaster { _, _ in refusal(byHand, status: 500) } _: { bench in
            let outcome = try await bench.run("pause", "end", pauseID.rawValue)
            #expect(outcome.status == .failed)
            #expect(outcome.errors == "error: UNPAUSE FAILED\nHINT: aeneas pause end X, or by hand, for each instance:\n      curl a\n      curl b\ncode: pause.not-opened\n")
        }
    }

    @Test("pauses are listed, the open ones on request, and one is shown with its window, its doubts and its calls")
    func listAndShow() async throws {
        let doubtful = pause("unconfirmed", window([PauseDoubt("pause.target-restarted", "10.0.1.2:60053 restarted")], milliseconds: 900))
        try await withMaster { request, _ in request.path == "/v1/pauses" ? json([doubtful]) : json(doubtful) } _: { bench in
            let list = try await bench.run("pause", "list", "bank", "--open")
            #expect(
                list.output == """
                    ID                          APPLICATION  STATE        SINCE                 WINDOW  CONSISTENT  RUN
                    \(pauseID)  bank         UNCONFIRMED  2026-11-24 14:55:01Z  900 ms  NO          \(runID)

                    """)
            #expect(bench.requests == ["GET /v1/pauses?application=bank&open=true"])
            #expect(
                try await bench.run("pause", "show", pauseID.rawValue).output == """
                    pause \(pauseID)
                      application  bank
                      state        UNCONFIRMED
                      run          \(runID)
                      instances    10.0.1.1:60053, 10.0.1.2:60053
                      intended     2026-11-24 14:55:01.210Z
                      deadline     2026-11-24 14:56:12.250Z

                      lengths    application paused 923 ms, window 900 ms
                      window     2026-11-24 14:55:01.250Z to 2026-11-24 14:55:02.150Z
                      middle     2026-11-24 14:55:01.700Z
                      safe part  none: the window is too short for the clock allowance at both ends
                      verdict    NOT CONSISTENT: the window proves nothing
                    not consistent, because:
                      [pause.target-restarted] 10.0.1.2:60053 restarted

                     AT MS  TOOK MS  INSTANCE        CALL          ANSWER
                     0.000   12.345  10.0.1.1:60053  pause         ok
                    12.400    0.800  10.0.1.1:60053  check-paused  paused

                    'bank' may still be paused; to open it at once: aeneas pause end \(pauseID)

                    """)
        }
    }

    @Test("a held pause is followed, and its window printed with its middle and its safe part, as text and as JSON")
    func hold() async throws {
        try await withMaster { request, _ in
            switch (request.method, request.path) {
            case ("POST", _): json(RunStartedBody(run: runID, pause: pauseID), status: 202)
            case (_, "/v1/runs/\(runID)"): json(run("succeeded", kind: "pause", pause: pauseID))
            default: json(pause("ended", window()))
            }
        } _: { bench in
            let text = try await bench.run("pause", "hold", "bank", "--for", "10s")
            #expect(text.status == .done)
            #expect(
                text.output == """
                    pausing 'bank' for 10.000 s, run \(runID)
                    pause \(pauseID) of 'bank'
                      lengths    application paused 10.023 s, window 10.000 s
                      window     2026-11-24 14:55:01.250Z to 2026-11-24 14:55:11.250Z
                      middle     2026-11-24 14:55:06.250Z
                      safe part  2026-11-24 14:55:01.750Z to 2026-11-24 14:55:10.750Z
                      verdict    consistent: no transaction of 'bank' was under way in the window

                    """)
            #expect(bench.bodies[0] == #"{"application":"bank","holdMilliseconds":10000}"#)
            let asJSON = try await bench.run("pause", "hold", "bank", "--for", "1500ms", "--output", "json")
            #expect(asJSON.output.contains(#""middle" : "2026-11-24T14:55:06.250Z""#))
            #expect(try JSONText.decode(PauseBody.self, from: Array(asJSON.output.utf8)) == pause("ended", window()))
        }
    }

    @Test("a held window that proves nothing is a failure with its reasons")
    func doubtfulHold() async throws {
        let doubt = PauseDoubt("pause.target-open", "10.0.1.1:60053 was open inside the window")
        try await withMaster { request, _ in
            switch (request.method, request.path) {
            case ("POST", _): json(RunStartedBody(run: runID, pause: pauseID), status: 202)
            case (_, "/v1/runs/\(runID)"): json(run("failed", kind: "pause", pause: pauseID, failure: Failure("backup.not-consistent", "it is not consistent")))
            default: json(pause("ended", window([doubt])))
            }
        } _: { bench in
            let outcome = try await bench.run("pause", "hold", "bank", "--for", "10s")
            #expect(outcome.status == .failed)
            #expect(outcome.output.contains("  verdict    NOT CONSISTENT: the window proves nothing\nnot consistent, because:\n  [pause.target-open] 10.0.1.1:60053 was open"))
            #expect(outcome.errors == "error: it is not consistent\ncode: backup.not-consistent   run: \(runID)\n")
        }
    }

    @Test("windows are told in the unit that fits", arguments: [(-1, "0.0 ms"), (450, "0.4 ms"), (61_999, "61 ms"), (1_000_000, "1.000 s"), (9_812_345, "9.812 s"), (72_000_000, "1 min 12 s")])
    func lengths(microseconds: Int, text: String) { #expect(Amount.fine(microseconds: microseconds) == text) }
}
