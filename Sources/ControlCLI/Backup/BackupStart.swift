import BackupModel
import CommandParser
import ControlAPI

extension Command {
    static let backupStart = Command(
        "start", "Take a backup of a cluster",
        discussion: """
            Snapshots all nodes at once, sends what the store does not have yet, and waits for the end. Ctrl-C ends the waiting, not the backup.

            --consistent pauses the cluster's application for the moment of the snapshots, so that no transaction is in the backup by half; a command of --with runs in that window, on the master's \
            host as aeneasd's user, without a shell. A backup of which that cannot be proven is refused, or with --keep-plain kept as one that is not consistent.
            """,
        options: [
            .value("store", as: "NAME", help: "where it goes, the cluster's own store if not given"),
            .value("keyspace", as: "NAME", repeats: true, help: "only this keyspace; such a backup cannot restore a whole node"),
            .flag("consistent", help: "pause the application for it; the cluster's setting decides if not given"), .flag("plain", help: "pause nothing, whatever the cluster's setting says"),
            .flag("keep-plain", help: "keep it as a plain one if it turns out not to be consistent"), .with, .noWait,
        ],
        operands: [.cluster],
        exitCodes: [
            ExitCode(0, "done"), ExitCode(1, "failed, or not consistent"), ExitCode(3, "kept as a plain backup, or some nodes failed"), ExitCode(64, "wrong usage"),
            ExitCode(130, "interrupted while watching: the run itself goes on"),
        ],
        examples: [
            CommandExample("aeneas backup start shop", "Everything of 'shop'"),
            CommandExample("aeneas backup start shop --consistent --with 'pg=pg_dump --no-password --dbname shop'", "Consistent, together with a dump of another database"),
        ]
    ) { context in
        let body = try body(context), started = try context.client.post("/backups", body, as: RunStartedBody.self)
        return try context.follow(started, "backup \(started.backup?.rawValue ?? "?") of '\(body.cluster)' started") { _ in
            guard let id = started.backup else { return "" }
            let backup: BackupBody = try context.client.get("/backups/\(id)")
            context.console.writeError(DoubtText.list(backup.doubts ?? []))
            return backup.state == "failed" ? "" : BackupText.outcome(backup)
        }
    }

    private static func body(_ context: CommandContext) throws -> BackupStartBody {
        let given = context.invocation
        if given.flag("consistent"), given.flag("plain") { throw UsageFault("--consistent and --plain exclude each other") }
        if given.flag("plain"), let needless = given.flag("keep-plain") ? "keep-plain" : given.values("with").isEmpty ? nil : "with" {
            throw UsageFault("--\(needless) is for consistent backups, and --plain says that this is none")
        }
        let commands = try context.windowCommands()
        return BackupStartBody(
            cluster: try context.name("cluster"), store: try context.name(option: "store"), keyspaces: try given.values("keyspace").map { try KeyspaceName($0) },
            consistent: given.flag("consistent") ? true : given.flag("plain") ? false : nil, keepPlain: given.flag("keep-plain") ? true : nil, commands: commands.isEmpty ? nil : commands)
    }
}
