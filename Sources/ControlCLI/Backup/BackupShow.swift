import BackupModel
import ControlAPI

extension Command {
    static let backupShow = Command("show", "Show what a backup holds", operands: [.id("backup")]) { context in
        let backup = try context.client.get("/backups/\(context.name("id", as: BackupID.self))", as: BackupBody.self)
        context.show(backup) { BackupText.one(backup) }
        return .done
    }
}
