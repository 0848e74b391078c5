import BackupModel
import ControlAPI

extension Command {
    static let backupVerify = Command(
        "verify", "Read every object of a backup and compare its hash", options: [.noWait], operands: [.id("backup")], exitCodes: ProgramExit.watching
    ) { context in
        let id: BackupID = try context.name("id")
        return try context.follow(try context.client.post("/backups/\(id)/verify"), "verification of backup \(id) started")
    }
}
