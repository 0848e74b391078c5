import BackupModel
import ControlAPI

extension Command {
    static let restoreResume = Command(
        "resume", "Go on with a restore that failed or was interrupted", options: [.noWait], operands: [.id("restore")], exitCodes: ProgramExit.watching
    ) { context in
        let id: RestoreID = try context.name("id")
        return try context.follow(try context.client.post("/restores/\(id)/resume"), "restore \(id) goes on") { _ in
            RestoreText.next(try context.client.get("/restores/\(id)"))
        }
    }
}
