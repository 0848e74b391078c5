import BackupModel
import ControlAPI

extension Command {
    static let runWatch = Command(
        "watch", "Follow a run to its end",
        discussion: "With --output json each event is a line of JSON. Ctrl-C ends the watching, not the run.", operands: [.id("run")], exitCodes: ProgramExit.watching
    ) { context in
        try context.watch(try context.name("id"), presenter: context.wantsJSON ? EventLinesPresenter(console: context.console) : context.presenter, printsRun: { _ in false })
    }
}
