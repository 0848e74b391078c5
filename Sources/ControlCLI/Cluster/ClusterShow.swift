import BackupModel
import ControlAPI

extension Command {
    static let clusterShow = Command("show", "Show a cluster's nodes and keyspaces as they were last seen", operands: [.name("cluster")]) { context in
        let cluster = try context.client.get("/clusters/\(context.name("name", as: ClusterName.self))", as: ClusterBody.self)
        context.show(cluster) { ClusterText.one(cluster) }
        return .done
    }
}
