import BackupModel
import ControlAPI

extension Command {
    static let restoreShow = Command("show", "Show how far a restore is, and its plan", operands: [.id("restore")]) { context in
        let restore = try context.client.get("/restores/\(context.name("id", as: RestoreID.self))", as: RestoreBody.self)
        context.show(restore) { RestoreText.one(restore) }
        return .done
    }
}
