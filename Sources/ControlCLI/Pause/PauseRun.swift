import BackupModel
import CommandParser
import ControlAPI

extension Command {
    static let pauseRun = Command(
        "run", "Pause an application, run a command, open the application again",
        discussion: """
            The command runs here, with this terminal, without a shell, once every instance has finished what was under way. It ends with Ctrl-C as usual. In its environment are AENEAS_PAUSE, the \
            pause's id, and AENEAS_WINDOW_START, the beginning of the window in UTC. Everything that aeneas itself prints goes to standard error: standard output is the command's.

            When the window has reached its longest time, the instances are opened all the same, and the command is told to end (TERM, and KILL 10 seconds later).

            The exit code is the command's own where that is not 0 and the window held to its end.
            """,
        options: [.value("max", as: "TIME", type: .duration, help: "the longest that the application may stay paused for the command, the application's --window if not given")],
        operands: [.application],
        exitCodes: [
            ExitCode(0, "the command succeeded, and the window is proven"), ExitCode(1, "the window proves nothing, or there was none"), ExitCode(64, "wrong usage"),
            ExitCode(130, "interrupted before the command began"),
        ],
        examples: [
            CommandExample("aeneas pause run shop -- pg_dump --no-password --file shop.sql shop", "A dump without half a transaction in it"),
            CommandExample("aeneas pause run shop --max 2m -- sh -c 'exec lvcreate --snapshot --size 20G --name shop-$AENEAS_PAUSE /dev/vg0/db'", "A snapshot of a volume"),
        ], passthrough: "command"
    ) { context in
        let words = context.invocation.passthrough
        guard !words.isEmpty else { throw UsageFault("which command is to be run?", hint: "after two dashes, as in: aeneas pause run shop -- pg_dump --file shop.sql shop") }
        return try PausedCommand(context.besideOutput, application: try context.name("application"), words: words, longestSeconds: try context.seconds("max")).run()
    }
}
