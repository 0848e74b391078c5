import BackupModel
import ControlAPI

extension Command {
    static let backupList = Command("list", "List backups, the newest first", options: [.onlyCluster]) { context in
        let backups = try context.client.get("/backups", query: try context.clusterQuery(), as: [BackupBody].self)
        context.show(backups) { BackupText.list(backups) }
        return .done
    }
}

extension CommandContext {
    func clusterQuery() throws -> [(String, String)] { try name(option: "cluster", as: ClusterName.self).map { [("cluster", $0.rawValue)] } ?? [] }
}
