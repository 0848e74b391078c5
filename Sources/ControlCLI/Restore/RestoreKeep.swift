import BackupModel
import ControlAPI

extension Command {
    static let restoreKeep = Command("keep", "Leave what a restore set aside to yourself", operands: [.id("restore")]) { context in
        let restore = try context.client.post("/restores/\(context.name("id", as: RestoreID.self))/keep", as: RestoreBody.self)
        context.show(restore) { "restore \(restore.id): what was set aside stays on the nodes, and is yours\n" }
        return .done
    }
}
