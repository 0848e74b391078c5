import BackupModel
import ControlAPI

extension Command {
    static let clusterRefresh = Command("refresh", "Read a cluster's topology and versions anew from its nodes", operands: [.name("cluster")]) { context in
        let cluster = try context.client.post("/clusters/\(context.name("name", as: ClusterName.self))/refresh", as: ClusterBody.self)
        context.show(cluster) { ClusterText.one(cluster) }
        return .done
    }
}
