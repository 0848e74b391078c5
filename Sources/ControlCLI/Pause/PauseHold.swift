import BackupModel
import CommandParser
import ControlAPI

extension Command {
    static let pauseHold = Command(
        "hold", "Keep an application paused for a time, and say from when to when",
        discussion: """
            For stores with a point-in-time restore of their own: restored to the middle of the window, they hold no half of a transaction. Longer holds leave more room for clocks that differ; the \
            safe part is the window less the application's clock allowance at both ends. Times are UTC.

            Ctrl-C ends the pause early.
            """,
        options: [.value("for", as: "TIME", type: .duration, required: true, help: "how long, as in 10s")], operands: [.application],
        exitCodes: [
            ExitCode(0, "the window is proven"), ExitCode(1, "failed, or the window proves nothing"), ExitCode(64, "wrong usage"), ExitCode(130, "interrupted: the application is open again"),
        ],
        examples: [CommandExample("aeneas pause hold shop --for 10s", "A moment to which a managed database can be restored")]
    ) { context in
        let application: ApplicationName = try context.name("application")
        guard let time = context.milliseconds("for"), time > 0 else { throw UsageFault("option '--for': a window of no length proves nothing") }
        let started = try context.client.post("/pauses", PauseStartBody(application: application, holdMilliseconds: time), as: RunStartedBody.self)
        guard let pause = started.pause else { throw Failure("control.bad-answer", "the master named no pause") }
        if !context.wantsJSON { context.console.line("pausing '\(application)' for \(Amount.fine(milliseconds: time)), run \(started.run)") }
        return try follow(started.run, pause, context)
    }

    private static func follow(_ run: RunID, _ pause: PauseID, _ context: CommandContext) throws -> ProgramExit {
        let presenter: any RunPresenter = context.wantsJSON ? SilentPresenter() : context.presenter
        var watcher = RunWatcher(context, run, presenter: presenter, onInterruption: "\nending the pause")
        var interrupted = false
        var over = try watcher.watch()
        if over == nil {
            interrupted = true
            _ = try context.client.post("/pauses/\(pause)/end", as: PauseBody.self)
            over = try watcher.watch()
        }
        guard let over else { return .interrupted }
        let body = try PauseAnswer.pause(pause, context.client)
        if let body { context.show(WindowTimes(body)) { PauseText.outcome(body) } } else if context.wantsJSON { context.show(over) { "" } }
        let outcome = RunOutcome(over)
        context.console.writeError(outcome.errors)
        return interrupted ? .interrupted : outcome.status
    }
}
