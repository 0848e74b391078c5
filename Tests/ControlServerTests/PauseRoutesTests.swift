import BackupModel
import ControlAPI
import HTTPClient
import ScalarAdmin
import TestSupport
import Testing

@testable import ControlServer

@Suite struct PauseRoutesTests {
    private static func with(_ body: (ServerBench) async throws -> Void) async throws {
        try await ServerBench.with { bench in
            _ = try await bench.post("/v1/applications", bench.applicationBody, as: ApplicationBody.self)
            try await body(bench)
        }
    }

    private func start(_ bench: ServerBench, hold: Int? = nil) async throws -> (run: RunID, pause: PauseID) {
        let body = PauseStartBody(application: ApplicationName(unchecked: "shop"), holdMilliseconds: hold, byCommand: hold == nil)
        let answer = try await bench.send("POST", "/v1/pauses", JSONText.encode(body))
        #expect(answer.status == 202)
        let started: RunStartedBody = try answer.decoded()
        return (started.run, try #require(started.pause))
    }

    /// Gives signs of life until the window is open.
    private func untilPaused(_ bench: ServerBench, _ id: PauseID) async throws {
        var state = ""
        while state != "paused" {
            let answer: PauseStateBody = try await bench.post("/v1/pauses/\(id)/alive")
            #expect(["checking", "intended", "paused"].contains(answer.state) && answer.id == id)
            state = answer.state
        }
    }

    @Test("a pause that is held for a time: its run, its window, its calls")
    func held() async throws {
        try await Self.with { bench in
            let started = try await start(bench, hold: 20)
            let run = try await bench.end(started.run)
            #expect(run.state == "succeeded" && run.kind == "pause" && run.cluster == nil && run.pause == started.pause && run.application?.rawValue == "shop")
            let shown: PauseBody = try await bench.get("/v1/pauses/\(started.pause)")
            #expect(shown.state == "ended" && !shown.isOpen && shown.run == started.run && shown.targets == bench.application.targets && shown.ended != nil)
            #expect(shown.window?.doubts == [] && (shown.window?.windowMicroseconds ?? 0) >= 20_000)
            let calls = try #require(shown.calls), target = bench.application.targets[0]
            #expect(
                calls.filter { $0.target == target && $0.name == .pause }.map(\.outcome) == ["ok"]
                    && calls.contains { $0.target == target && $0.name == .unpause })
            let listed: [PauseBody] = try await bench.get("/v1/pauses?application=shop")
            #expect(listed.map(\.id) == [started.pause] && listed[0].calls == nil && listed[0].window?.calls == [])
            let others: [PauseBody] = try await bench.get("/v1/pauses?application=other"), open: [PauseBody] = try await bench.get("/v1/pauses?open=true")
            #expect(others.isEmpty && open.isEmpty && bench.application.paused.isEmpty)
            #expect(try await bench.get("/v1/runs", as: [RunBody].self).map(\.pause) == [started.pause])
        }
    }

    @Test("a pause around a command: kept alive, shown as open, finished; what comes after is a conflict", arguments: [0, 3])
    func command(_ status: Int) async throws {
        try await Self.with { bench in
            let started = try await start(bench)
            try await untilPaused(bench, started.pause)
            #expect(bench.application.paused == bench.application.targets)
            #expect(try await bench.get("/v1/pauses?open=true&application=shop", as: [PauseBody].self).map(\.state) == ["paused"])
            let shown: ApplicationStatusBody = try await bench.get("/v1/applications/shop/status")
            #expect(shown.targets.map(\.state) == ["paused", "paused", "paused"] && shown.openPauses.map(\.id) == [started.pause])
            #expect(try await bench.send("DELETE", "/v1/applications/shop").refusal == "409 catalog.application-in-use")

            _ = try await bench.post("/v1/pauses/\(started.pause)/finish", PauseFinishBody(exitStatus: status), as: PauseStateBody.self)
            let run = try await bench.end(started.run)
            #expect(run.failure?.code == (status == 0 ? nil : "pause.command-failed"))
            #expect(try await bench.get("/v1/pauses/\(started.pause)", as: PauseBody.self).window?.doubts == [])
            #expect(try await bench.send("POST", "/v1/pauses/\(started.pause)/alive", []).refusal == "409 pause.not-open")
            #expect(try await bench.send("POST", "/v1/pauses/\(started.pause)/finish", Array(#"{"exitStatus":0}"#.utf8)).refusal == "409 pause.not-open")
        }
    }

    @Test("a person ends a pause whoever holds it, and the answer comes when every instance is open")
    func ended() async throws {
        try await Self.with { bench in
            let started = try await start(bench)
            try await untilPaused(bench, started.pause)
            let ended: PauseBody = try await bench.post("/v1/pauses/\(started.pause)/end")
            #expect(ended.state == "ended" && bench.application.paused.isEmpty)
            #expect(try await bench.end(started.run).failure?.code == "pause.ended-by-hand")
            // Again: nothing more to do.
            #expect(try await bench.post("/v1/pauses/\(started.pause)/end", as: PauseBody.self).state == "ended")
        }
    }

    @Test("an application that somebody else paused is seen, not paused again, and opened on request")
    func foreign() async throws {
        try await Self.with { bench in
            let target = bench.application.targets[1]
            try await onOwnThread { try bench.application.link(target).pause(waitSeconds: 1) }
            #expect(try await bench.get("/v1/applications/shop/status", as: ApplicationStatusBody.self).targets.map(\.state) == ["open", "paused", "open"])
            let started = try await start(bench, hold: 10)
            #expect(try await bench.end(started.run).failure?.code == "pause.already-paused")
            #expect(try await bench.post("/v1/applications/shop/unpause", as: ApplicationStatusBody.self).targets.map(\.state) == ["open", "open", "open"])
            #expect(bench.application.paused.isEmpty)
        }
    }

    @Test("an instance that is out of reach is said to be, and opening it is a bad gateway")
    func unreachable() async throws {
        try await Self.with { bench in
            bench.application.tell(bench.application.targets[2], .stop)
            let status: ApplicationStatusBody = try await bench.get("/v1/applications/shop/status")
            #expect(status.targets.map(\.state) == ["open", "open", "unreachable"] && status.targets[2].detail != nil)
            #expect(try await bench.send("POST", "/v1/applications/shop/unpause", []).refusal == "502 pause.not-opened")
        }
    }

    @Test(
        "a pause that is neither for a time nor around a command is refused",
        arguments: ["", #","holdMilliseconds":10,"byCommand":true"#, #","holdMilliseconds":-1"#, #","byCommand":true,"maxSeconds":0"#])
    func badTimes(_ rest: String) async throws {
        try await Self.with { bench in
            let answer = try await bench.send("POST", "/v1/pauses", Array(#"{"application":"shop"\#(rest)}"#.utf8)),
                runs: [RunBody] = try await bench.get("/v1/runs")
            #expect(answer.refusal == "400 input.bad-request")
            #expect(runs.isEmpty)
        }
    }

    @Test("a consistent backup says so, and gives back what a command wrote in its window")
    func backup() async throws {
        try await Self.with { bench in
            try await bench.setUp()
            _ = try await bench.send("PATCH", "/v1/clusters/prod/settings", Array(#"{"application":"shop"}"#.utf8))
            var body = BackupStartBody(cluster: ClusterName(unchecked: "prod"), consistent: true)
            body.commands = [WindowCommandBody(name: FileName(unchecked: "words"), words: ["printf", "a b\\n"])]
            let started: RunStartedBody = try await bench.post("/v1/backups", body), id = try #require(started.backup)
            let run = try await bench.end(started.run)
            #expect(run.failure == nil && run.pause != nil && run.application?.rawValue == "shop")
            let shown: BackupBody = try await bench.get("/v1/backups/\(id)"), listed: [BackupBody] = try await bench.get("/v1/backups")
            #expect(
                shown.consistency == .transactional && shown.doubts == [] && shown.pause?.pause == run.pause && shown.description?.files?.map(\.size) == [4])
            #expect(listed.map(\.doubts) == [[]] && listed[0].pause == nil)
            let file = try await bench.send("GET", "/v1/backups/\(id)/files/words")
            #expect(file.status == 200 && file.body == Array("a b\n".utf8))
            #expect(file.fields.first { $0.name.lowercased() == Routes.fileHash }?.value == shown.description?.files?.first?.sha256.rawValue)
            #expect(try await bench.send("GET", "/v1/backups/\(id)/files/other").refusal == "404 backup.no-such-file")
        }
    }

    @Test("a backup that was not paused for has no doubts to speak of")
    func plain() async throws {
        try await ServerBench.with { bench in
            try await bench.setUp()
            let started = try await bench.startBackup()
            let run = try await bench.end(started.run)
            #expect(run.pause == nil && run.application == nil && run.cluster?.rawValue == "prod")
            #expect(try await bench.get("/v1/backups/\(try #require(started.backup))", as: BackupBody.self).doubts == nil)
        }
    }

    @Test(
        "a failure of a pause has its status",
        arguments: [
            ("pause.in-use", 409), ("pause.settling", 409), ("pause.already-paused", 409), ("pause.not-open", 409), ("pause.over", 409),
            ("catalog.unknown-pause", 404),
            ("catalog.unknown-application", 404), ("backup.not-consistent", 422), ("pause.unverifiable", 422), ("pause.no-targets", 422),
            ("pause.no-second-guardian", 422),
            ("pause.target-unreachable", 502), ("pause.not-opened", 502), ("pause.bad-settings", 400),
        ])
    func statuses(_ code: String, _ status: Int) { #expect(HTTPStatus.of(Failure(code, "x")) == status) }
}
