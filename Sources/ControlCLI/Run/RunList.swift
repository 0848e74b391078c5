import ControlAPI

extension Command {
    static let runList = Command("list", "List runs, the newest first", options: [.onlyCluster]) { context in
        let runs = try context.client.get("/runs", query: try context.clusterQuery(), as: [RunBody].self)
        context.show(runs) { RunText.list(runs) }
        return .done
    }
}
