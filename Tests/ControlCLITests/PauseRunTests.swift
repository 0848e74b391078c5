@testable import ControlCLI
import BackupModel
import ControlAPI
import Foundation
import HTTPServer
import Testing

@Suite struct PauseRunTests {
    @Test("the command runs once the window is open, knows the pause, and has its output to itself")
    func command() async throws {
        let folder = try TemporaryFolder(), master = PausingMaster(window())
        try await withPausingMaster(master) { bench in
            let outcome = try await bench.run("pause", "run", "bank", "--max", "20s", "--", "sh", "-c", #"echo "$AENEAS_PAUSE $AENEAS_WINDOW_START $0 $1" > out; exec true"#.replacingOccurrences(of: "out", with: "\(folder.path)/out"), "--help", "a  b")
            #expect(outcome.status == .done)
            #expect(outcome.output.isEmpty)
            #expect(outcome.errors.hasPrefix("pausing 'bank', run \(runID)\npaused at 2026-11-24 14:55:01.250Z: running 'sh' '-c' "))
            #expect(outcome.errors.hasSuffix("  safe part  2026-11-24 14:55:01.750Z to 2026-11-24 14:55:10.750Z\n  verdict    consistent: no transaction of 'bank' was under way in the window\n"))
            #expect(try folder.files("")["out"] == "\(pauseID) 2026-11-24T14:55:01.250Z --help a  b\n")
            #expect(bench.bodies[0] == #"{"application":"bank","byCommand":true,"maxSeconds":20}"#)
        }
        #expect(master.exitStatus == 0)
        #expect(master.signs >= 1)
    }

    @Test("a command that fails hands its own status to the master and to the caller", arguments: [("exit 7", 7), ("kill -9 $$", 137)] as [(String, Int32)])
    func failingCommand(script: String, status: Int32) async throws {
        let master = PausingMaster(window())
        try await withPausingMaster(master) { bench in
            let outcome = try await bench.run("pause", "run", "bank", "--", "sh", "-c", script)
            #expect(outcome.status.rawValue == status)
            #expect(outcome.errors.contains("error: the command in the window ended with status \(status)\ncode: pause.command-failed"))
        }
        #expect(master.exitStatus == Int(status))
    }

    @Test("a window that proves nothing ends with 1 and its reasons, though the command succeeded")
    func doubt() async throws {
        try await withPausingMaster(PausingMaster(window([PauseDoubt("pause.target-restarted", "10.0.1.2:60053 restarted")]))) { bench in
            let outcome = try await bench.run("pause", "run", "bank", "--", "true")
            #expect(outcome.status == .failed)
            #expect(outcome.errors.contains("not consistent, because:\n  [pause.target-restarted] 10.0.1.2:60053 restarted\n"))
        }
    }

    @Test("when the master ends the pause first, the command is told to end, and it counts for nothing")
    func windowOver() async throws {
        let folder = try TemporaryFolder(), master = PausingMaster(window([PauseDoubt("pause.window-too-long", "the window was ended after 1 s")]), endsAtSign: 2)
        try await withPausingMaster(master) { bench in
            let outcome = try await bench.run("pause", "run", "bank", "--", "sh", "-c", "trap 'echo told > \(folder.path)/out; exit 0' TERM; sleep 60 & wait")
            #expect(outcome.status == .failed)
            #expect(outcome.errors.contains("error: the master has ended the pause: the command is told to end\n"))
            #expect(outcome.errors.contains("[pause.window-too-long]"))
            #expect(try folder.files("")["out"] == "told\n")
            #expect(!bench.requests.contains { $0.hasSuffix("/finish") })
        }
    }

    @Test("a pause that cannot be had fails with its reason, and runs nothing")
    func noWindow() async throws {
        let folder = try TemporaryFolder()
        try await withPausingMaster(PausingMaster(nil)) { bench in
            let outcome = try await bench.run("pause", "run", "bank", "--", "touch", "\(folder.path)/out")
            #expect(outcome.status == .failed)
            #expect(outcome.errors.hasSuffix("error: 10.0.1.1:60053 did not finish\ncode: pause.drain-failed   run: \(runID)\nthe command was not run\n"))
            #expect(try folder.files("").isEmpty)
        }
    }

    @Test("a program that is not there, and no program at all, are refused before the master hears of it")
    func noProgram() async throws {
        try await withPausingMaster(PausingMaster(window())) { bench in
            let absent = try await bench.run("pause", "run", "bank", "--", "/nonexistent/dump"), none = try await bench.run("pause", "run", "bank")
            #expect(absent.status == .failed && none.status == .usage)
            #expect(absent.errors == "error: there is no program '/nonexistent/dump' to run\nHINT: is it installed, and in PATH? nothing was paused\ncode: control.no-command\n")
            #expect(none.errors == "error: which command is to be run?\nHINT: after two dashes, as in: aeneas pause run shop -- pg_dump --file shop.sql shop\n")
            #expect(bench.requests.isEmpty)
        }
    }

    @Test("Ctrl-C ends the command and not the pause's bookkeeping; TERM is handed on", .enabled(if: BuiltProgram.path != nil, "the program 'aeneas' is not built beside the tests"), arguments: [SIGINT, SIGTERM])
    func signals(signal: Int32) async throws {
        let master = PausingMaster(window())
        try await withPausingMaster(master) { bench in
            // Of a terminal both get the signal, which a test makes so: the shell tells its number, and is told as well.
            let program = try BuiltProgram(["--socket", bench.socket, "pause", "run", "bank", "--", "sh", "-c", "trap 'exit 9' INT TERM; echo $$; while :; do sleep 0.1; done"])
            let child = pid_t(await program.firstLine()) ?? 0
            program.send(signal)
            if signal == SIGINT, child > 1 { kill(child, SIGINT) }
            let (status, errors) = await program.end()
            #expect(status == 9, "\(errors)")
            #expect(errors.contains("status 9"))
        }
        #expect(master.exitStatus == 9)
    }

    @Test("Ctrl-C while the application still drains ends the pause, runs nothing and ends with 130", .enabled(if: BuiltProgram.path != nil, "the program 'aeneas' is not built beside the tests"))
    func interruptedDrain() async throws {
        let folder = try TemporaryFolder()
        try await withPausingMaster(PausingMaster(nil, drains: false)) { bench in
            let program = try BuiltProgram(["--socket", bench.socket, "pause", "run", "bank", "--", "touch", "\(folder.path)/out"])
            while !bench.requests.contains("GET /v1/runs/\(runID)") { try await Task.sleep(for: .milliseconds(20)) }
            program.interrupt()
            let (status, errors) = await program.end()
            #expect(status == 130, "\(errors)")
            #expect(bench.requests.contains("POST /v1/pauses/\(pauseID)/end"))
            #expect(try folder.files("").isEmpty)
        }
    }
}
