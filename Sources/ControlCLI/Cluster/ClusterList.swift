import ControlAPI

extension Command {
    static let clusterList = Command("list", "List the registered clusters") { context in
        let clusters = try context.client.get("/clusters", as: [ClusterBody].self)
        context.show(clusters) { ClusterText.list(clusters) }
        return .done
    }
}
