import BackupModel
import ControlAPI

extension Command {
    static let restoreRollback = Command(
        "rollback", "Put back what a restore set aside",
        discussion: "Cassandra is stopped on the restore's nodes, what was placed is removed, and what was there before comes back. What was written there since is lost. On a terminal it asks first.",
        options: [.yes, .noWait], operands: [.id("restore")], exitCodes: ProgramExit.watching
    ) { context in
        let id: RestoreID = try context.name("id")
        try context.confirm("roll restore \(id) back, losing what was written on its nodes since?")
        return try context.follow(try context.client.post("/restores/\(id)/rollback"), "rolling restore \(id) back")
    }
}
