package import BackupModel

/// A node that has answered for itself at least once.
package struct NodeRecord: Codable, Hashable, Sendable {
    package var clusterID: ClusterID
    package var hostID: HostID
    package var address: String
    package var datacenter: String
    package var rack: String
    package var tokens: [String]
    /// As of `seenAt`, also when the node has been down since.
    package var facts: NodeFacts
    /// When the node itself answered last.
    package var seenAt: Timestamp
    /// Whether it was a member of the ring when that was last looked at.
    package var present: Bool

    package init(
        clusterID: ClusterID, hostID: HostID, address: String, datacenter: String, rack: String, tokens: [String], facts: NodeFacts, seenAt: Timestamp,
        present: Bool
    ) {
        self.clusterID = clusterID
        self.hostID = hostID
        self.address = address
        self.datacenter = datacenter
        self.rack = rack
        self.tokens = tokens
        self.facts = facts
        self.seenAt = seenAt
        self.present = present
    }
}

/// A ring that differed from the one seen before it.
package struct TopologyRecord: Codable, Hashable, Sendable {
    package var id: Int
    package var clusterID: ClusterID
    package var seenAt: Timestamp
    /// Several, joined by `, `, while an upgrade is under way; `schemaVersion` likewise.
    package var release: String
    package var schemaVersion: String
    package var ring: [RingMember]

    package init(id: Int, clusterID: ClusterID, seenAt: Timestamp, release: String, schemaVersion: String, ring: [RingMember]) {
        self.id = id
        self.clusterID = clusterID
        self.seenAt = seenAt
        self.release = release
        self.schemaVersion = schemaVersion
        self.ring = ring
    }
}
