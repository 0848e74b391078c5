import BackupModel
import CommandParser
import ControlAPI

extension Command {
    static let backupStart = Command(
        "start", "Take a backup of a cluster",
        discussion: "Snapshots all nodes at once, sends what the store does not have yet, and waits for the end. Ctrl-C ends the waiting, not the backup.",
        options: [
            .value("store", as: "NAME", help: "where it goes, the cluster's own store if not given"),
            .value("keyspace", as: "NAME", repeats: true, help: "only this keyspace; such a backup cannot restore a whole node"), .noWait,
        ],
        operands: [.cluster], exitCodes: ProgramExit.watching, examples: [CommandExample("aeneas backup start shop", "Everything of 'shop'")]
    ) { context in
        let body = BackupStartBody(
            cluster: try context.name("cluster"), store: try context.name(option: "store"), keyspaces: try context.invocation.values("keyspace").map { try KeyspaceName($0) })
        let started = try context.client.post("/backups", body, as: RunStartedBody.self)
        return try context.follow(started, "backup \(started.backup?.rawValue ?? "?") of '\(body.cluster)' started") { run in
            guard let id = started.backup, run.state == "succeeded" || run.state == "partly-failed" else { return "" }
            return BackupText.outcome(try context.client.get("/backups/\(id)"))
        }
    }
}
