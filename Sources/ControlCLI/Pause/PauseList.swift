import BackupModel
import CommandParser
import ControlAPI

extension Command {
    static let pauseList = Command(
        "list", "List pauses, the newest first", options: [.flag("open", help: "only those whose instances may still be paused")], operands: [.anyApplication]
    ) { context in
        var query = try context.anyApplication.map { [("application", $0.rawValue)] } ?? []
        if context.invocation.flag("open") { query.append(("open", "true")) }
        let pauses = try context.client.get("/pauses", query: query, as: [PauseBody].self)
        context.show(pauses) { PauseText.list(pauses) }
        return .done
    }
}
