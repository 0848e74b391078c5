import ControlAPI

extension Command {
    static let restoreList = Command("list", "List restores, the newest first", options: [.onlyCluster]) { context in
        let restores = try context.client.get("/restores", query: try context.clusterQuery(), as: [RestoreBody].self)
        context.show(restores) { RestoreText.list(restores) }
        return .done
    }
}
