import BackupModel
import ControlAPI
import Glibc
import Processes

/// A command of the operator's inside the window of a pause: `pause run`.
///
/// The master is asked for a pause and looked at until the window is open; the command runs; a thread of its own gives the master a sign of life each second, without which the master ends the
/// pause; the command's end goes to the master at once, and then the run is followed to its verdict. Whatever fails here, the pause is ended: by us, or by the master that no longer hears of us.
struct PausedCommand {
    /// Between two looks: the window is longer by that.
    private static let lookMilliseconds = 25

    private let context: CommandContext
    private let application: ApplicationName
    private let words: [String]
    private let program: String
    private let longestSeconds: Int?

    /// - Throws: When there is no such program, before anything is paused.
    init(_ context: CommandContext, application: ApplicationName, words: [String], longestSeconds: Int?) throws {
        guard let program = ChildProcess.find(words[0]) else {
            throw Failure("control.no-command", "there is no program \(quoted(words[0])) to run", hint: "is it installed, and in PATH? nothing was paused")
        }
        self.context = context
        self.application = application
        self.words = words
        self.program = program
        self.longestSeconds = longestSeconds
    }

    func run() throws -> ProgramExit {
        try Interruption.enduring {
            let body = PauseStartBody(application: application, byCommand: true, maxSeconds: longestSeconds)
            let started = try context.client.post("/pauses", body, as: RunStartedBody.self, seconds: 60)
            guard let pause = started.pause else { throw Failure("control.bad-answer", "the master named no pause") }
            say("pausing '\(application)', run \(started.run)")
            do {
                return try runPaused(pause, started.run)
            } catch {
                _ = try? context.client.post("/pauses/\(pause)/end", as: PauseBody.self, seconds: 120)
                throw error
            }
        }
    }

    private func runPaused(_ pause: PauseID, _ run: RunID) throws -> ProgramExit {
        let life = SignsOfLife(of: pause, client: context.client.another)
        defer { life.end() }
        guard let window = try waitForWindow(pause, run) else { return try concludeWithoutWindow(pause, run) }
        say("paused at \(window.fineText): running \(words.map(quoted).joined(separator: " "))")
        let ending = try runCommand(pause, window, life)
        life.end()
        if case .ended(let status) = ending { try finish(pause, status) }
        return try conclude(pause, run, ending)
    }

    /// When the window began; nil when it never will, or somebody does not want it any more.
    private func waitForWindow(_ pause: PauseID, _ run: RunID) throws -> Timestamp? {
        while !Interruption.happened, !Interruption.endsProgram {
            if let body = try PauseAnswer.pause(pause, context.client, seconds: 10) {
                if body.state == "paused", let began = body.windowStarted { return began }
                if !body.isOpen { return nil }
            }
            if try context.client.get("/runs/\(run)", as: RunBody.self, seconds: 10).isOver { return nil }
            context.console.sleep(Self.lookMilliseconds)
        }
        do {
            _ = try context.client.post("/pauses/\(pause)/end", as: PauseBody.self)
        } catch ControlError.refused(let failure, _, _) where failure.code == "pause.not-open" {
            // Ended before anything was paused.
            return nil
        }
        return nil
    }

    private enum Ending {
        case ended(status: Int32)
        /// The master ended the pause first, or is not there any more.
        case cut(Failure)
    }

    private func runCommand(_ pause: PauseID, _ window: Timestamp, _ life: SignsOfLife) throws -> Ending {
        let child = try ForegroundChild(program, words, variables: ["AENEAS_PAUSE=\(pause)", "AENEAS_WINDOW_START=\(window)"])
        var cut: Failure?
        let status = child.wait {
            if cut == nil, let over = life.over {
                cut = over
                say("error: \(FailureText(over).line): the command is told to end")
                return .cutShort
            }
            return Interruption.endsProgram ? .terminated : nil
        }
        return cut.map(Ending.cut) ?? .ended(status: status)
    }

    /// Until the master has heard it, the application stays paused.
    private func finish(_ pause: PauseID, _ status: Int32) throws {
        let end = context.console.uptimeMilliseconds() + context.patienceMilliseconds
        while true {
            do {
                _ = try context.client.post("/pauses/\(pause)/finish", PauseFinishBody(exitStatus: Int(status)), as: PauseStateBody.self, seconds: 10)
                return
            } catch let error as ControlError {
                // A pause that is over tells more by itself.
                guard error.mayPass else { return }
                guard context.console.uptimeMilliseconds() < end else { throw error }
                context.console.sleep(100)
            }
        }
    }

    private func concludeWithoutWindow(_ pause: PauseID, _ run: RunID) throws -> ProgramExit {
        let interrupted = Interruption.happened || Interruption.endsProgram
        guard let over = try followed(run) else { return .interrupted }
        context.console.writeError(RunOutcome(over).errors)
        say("the command was not run")
        return interrupted ? .interrupted : .failed
    }

    private func conclude(_ pause: PauseID, _ run: RunID, _ ending: Ending) throws -> ProgramExit {
        guard let over = try followed(run) else { return .interrupted }
        let body = try PauseAnswer.pause(pause, context.client)
        if let body { context.show(WindowTimes(body)) { PauseText.outcome(body) } }
        context.console.writeError(RunOutcome(over).errors)
        guard case .ended(let status) = ending else { return .failed }
        if status != 0 { return ProgramExit(rawValue: status) }
        return over.state == "succeeded" && body?.window?.isConsistent == true ? .done : .failed
    }

    private func followed(_ run: RunID) throws -> RunBody? {
        var watcher = RunWatcher(context, run, presenter: WarningsPresenter(console: context.console))
        return try watcher.watch()
    }

    private func say(_ text: String) { context.console.writeError(text.plain + "\n") }
}
