package import BackupModel

/// Where an agent keeps what outlives a request: the folder of its own binary. Folders 0700, files 0600.
package struct AgentFolder: Hashable, Sendable {
    package let path: String
    package init(_ path: String) { self.path = path }

    package var jobs: String { path + "/jobs" }
    package func job(_ id: JobID) -> JobFolder { JobFolder(path: "\(jobs)/\(id)", id: id) }
    /// - Parameter node: Tells apart the nodes of one host that share this agent and one restore (`RestoreRecord.node(_:)`).
    package func restore(_ id: RestoreID, node: String) -> String { "\(path)/restores/\(id)-\(node).json" }

    /// The folder of one node's manifests of one store.
    package func cache(store: ClusterID, cluster: ClusterID) -> String { "\(path)/cache/\(store)/\(cluster)" }
    package func cachedManifest(store: ClusterID, cluster: ClusterID, host: HostID) -> String { cache(store: store, cluster: cluster) + "/\(host).jsonl.gz" }
    package func partial(store: ClusterID, cluster: ClusterID, host: HostID, backup: BackupID) -> String {
        cache(store: store, cluster: cluster) + "/\(host).partial-\(backup).jsonl"
    }

    /// Makes the folders on the way to `path`, which lies in the agent's own.
    func makeFolders(to path: String) throws(SystemError) {
        var made = self.path
        for part in path.dropFirst(self.path.utf8.count).split(separator: "/") {
            made += "/" + part
            try Disk.makeFolder(made)
        }
    }
}

/// The folder of one job: `request.json` without secrets, `events.jsonl`, `lock`, `lease`, `log`.
package struct JobFolder: Hashable, Sendable {
    package let path: String
    package let id: JobID
    package var request: String { path + "/request.json" }
    package var events: String { path + "/events.jsonl" }
    package var lock: String { path + "/lock" }
    package var lease: String { path + "/lease" }
    package var log: String { path + "/log" }
}
