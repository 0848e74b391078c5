import BackupModel
import CommandParser
import ControlAPI

extension Command {
    static let pauseEnd = Command(
        "end", "Open a paused application now, whoever paused it",
        discussion: """
            With a pause's id that pause is ended; what was done in its window is then called not consistent. With an application's name every instance is opened, whatever is on record: the way out \
            when something else than this master left it paused.

            It waits until every instance has proven that it is open, and fails with the command to run by hand where one does not.
            """,
        operands: [OperandSpec("pause", help: "the pause's id, or the application's name")]
    ) { context in
        let text = context.invocation.operand("pause") ?? ""
        if let pause = try? PauseID(text) {
            let ended = try context.client.post("/pauses/\(pause)/end", as: PauseBody.self)
            context.show(ended) { "every instance of '\(ended.application)' is open: pause \(ended.id) has ended\n" }
            return ended.isOpen ? .failed : .done
        }
        let status = try context.client.post("/applications/\(ApplicationName(text))/unpause", as: ApplicationStatusBody.self)
        context.show(status) { ApplicationText.status([status]) }
        return status.targets.contains { $0.state == "paused" || $0.state == "unreachable" } ? .failed : .done
    }
}
