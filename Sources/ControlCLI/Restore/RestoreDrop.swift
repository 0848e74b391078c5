import BackupModel
import ControlAPI

extension Command {
    static let restoreDrop = Command(
        "drop", "Remove what a restore set aside",
        discussion: "The last step, and the only one that destroys: the restore cannot be rolled back afterwards. On a terminal it asks first.", options: [.yes, .noWait],
        operands: [.id("restore")], exitCodes: ProgramExit.watching
    ) { context in
        let id: RestoreID = try context.name("id")
        try context.confirm("remove for good what restore \(id) set aside?")
        return try context.follow(try context.client.post("/restores/\(id)/drop"), "removing what restore \(id) set aside")
    }
}
