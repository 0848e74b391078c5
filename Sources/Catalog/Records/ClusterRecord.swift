package import BackupModel

/// A registered cluster.
package struct ClusterRecord: Codable, Hashable, Sendable {
    package var id: ClusterID
    package var name: ClusterName
    /// Cassandra's own `cluster_name`; two clusters may share it.
    package var cassandraName: String
    package var partitioner: String
    package var settings: ClusterSettings
    package var createdAt: Timestamp

    package init(id: ClusterID, name: ClusterName, cassandraName: String, partitioner: String, settings: ClusterSettings, createdAt: Timestamp) {
        self.id = id
        self.name = name
        self.cassandraName = cassandraName
        self.partitioner = partitioner
        self.settings = settings
        self.createdAt = createdAt
    }
}
