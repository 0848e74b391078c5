import BackupModel
import Catalog
import Testing

@Suite struct ClusterTests {
    let fixture: Fixture
    init() throws { fixture = try Fixture() }

    private func other(_ name: String) -> ClusterRecord {
        var cluster = Fixture.cluster
        cluster.id = ClusterID(unchecked: "6f1c0b46-6f6d-4c3c-9d1e-2f0f5b0a0002")
        cluster.name = ClusterName(unchecked: name)
        return cluster
    }

    @Test("the same Cassandra cluster under another name is refused as known; one with the same cluster_name but other nodes is not")
    func sameCluster() async throws {
        let catalog = try Catalog.open(path: fixture.path)
        try await catalog.addCluster(Fixture.cluster, facts: [Fixture.facts(1)], ring: [Fixture.member(1), Fixture.member(2)])
        await #expect(throws: CatalogError.clusterKnown(as: Fixture.cluster.name)) {
            try await catalog.addCluster(other("second"), facts: [Fixture.facts(1)], ring: [Fixture.member(1), Fixture.member(2)])
        }
        await #expect(throws: CatalogError.clusterNameTaken(Fixture.cluster.name)) {
            try await catalog.addCluster(other("prod"), facts: [Fixture.facts(3)], ring: [Fixture.member(3)])
        }
        #expect(try await catalog.clusters() == [Fixture.cluster])
        try await catalog.addCluster(other("second"), facts: [Fixture.facts(3)], ring: [Fixture.member(3)])
        #expect(try await catalog.nodes(of: other("second").id).map(\.hostID) == [Fixture.host(3)])
    }

    @Test("settings survive, and those left out of JSON have their defaults")
    func settings() async throws {
        let catalog = try await fixture.filled()
        let given = #"{"ssh":{"user":"cassandra","keyFile":"/k"},"nodeOverrides":{"127.0.0.2":{"sshPort":2202}},"jmx":{"tls":true},"transfer":{"workers":2}}"#
        var settings = try JSONText.decode(ClusterSettings.self, from: Array(given.utf8))
        #expect(settings.ssh == SSHSettings(user: "cassandra", port: 22, keyFile: "/k", agentFolder: "aeneas"))
        #expect(settings.jmx == JMXSettings(host: "127.0.0.1", port: 7199, tls: true))
        #expect(settings.stopCommand == ["systemctl", "stop", "cassandra"])
        #expect(settings.nodeOverrides["127.0.0.2"] == NodeOverride(sshPort: 2202))
        settings.store = Fixture.store.name
        try await catalog.updateCluster(Fixture.cluster.id, settings: settings)
        #expect(try await catalog.cluster(named: Fixture.cluster.name).settings == settings)
        #expect(try await !catalog.updateCluster(Fixture.cluster.id, settings: Fixture.cluster.settings, from: Fixture.cluster.settings))
        #expect(try await catalog.cluster(named: Fixture.cluster.name).settings == settings)
        settings.store = StoreName(unchecked: "absent")
        await #expect(throws: CatalogError.unknown(.store, "absent")) { try await catalog.updateCluster(Fixture.cluster.id, settings: settings) }
    }

    @Test("what is not there is named")
    func unknown() async throws {
        let catalog = try Catalog.open(path: fixture.path)
        await #expect(throws: CatalogError.unknown(.cluster, "prod")) { try await catalog.cluster(named: Fixture.cluster.name) }
        await #expect(throws: CatalogError.unknown(.store, "main")) { try await catalog.store(named: Fixture.store.name) }
        await #expect(throws: CatalogError.unknown(.run, Fixture.run(1).id.rawValue)) {
            try await catalog.endRun(Fixture.run(1).id, state: .failed, at: Fixture.start)
        }
    }

    @Test("a topology is added only when the ring, the release or the schema differ, not when a node goes down")
    func topologies() async throws {
        let catalog = try await fixture.filled()
        let id = Fixture.cluster.id
        let later = Fixture.start.advanced(by: 1000)
        try await catalog.recordTopology(id, facts: [Fixture.facts(1)], ring: [Fixture.member(1), Fixture.member(2)], at: Fixture.start)
        try await catalog.recordTopology(
            id, facts: [Fixture.facts(1)], ring: [Fixture.member(2, up: false, tokens: ["2", "-2"]), Fixture.member(1)], at: later)
        #expect(try await catalog.topologies(of: id).count == 1)
        try await catalog.recordTopology(id, facts: [Fixture.facts(1, schema: "s2")], ring: [Fixture.member(1), Fixture.member(2)], at: later)
        try await catalog.recordTopology(id, facts: [Fixture.facts(1, schema: "s2")], ring: [Fixture.member(1)], at: later)
        let topologies = try await catalog.topologies(of: id)
        #expect(topologies.map(\.schemaVersion) == ["s2", "s2", "s1"])
        #expect(topologies.map(\.ring.count) == [1, 2, 2])
        #expect(try await catalog.latestTopology(of: id) == topologies[0])
    }

    @Test("a node that does not answer keeps its last facts, and one that left the ring is no longer present")
    func nodes() async throws {
        let catalog = try await fixture.filled()
        let id = Fixture.cluster.id
        let later = Fixture.start.advanced(by: 1000)
        try await catalog.recordTopology(id, facts: [Fixture.facts(1), Fixture.facts(2)], ring: [Fixture.member(1), Fixture.member(2)], at: Fixture.start)
        var moved = Fixture.member(2)
        moved.address = "10.0.0.9"
        try await catalog.recordTopology(id, facts: [], ring: [moved], at: later)
        let nodes = try await catalog.nodes(of: id)
        #expect(nodes.map(\.address) == ["10.0.0.1", "10.0.0.9"])
        #expect(nodes.map(\.present) == [false, true])
        #expect(nodes.map(\.facts) == [Fixture.facts(1), Fixture.facts(2)])
        #expect(nodes.allSatisfy { $0.seenAt == Fixture.start })
    }

    @Test("a store's name and its id are each known once")
    func stores() async throws {
        let catalog = try await fixture.filled()
        let id = ClusterID(unchecked: "6f1c0b46-6f6d-4c3c-9d1e-2f0f5b0a00ff")
        let s3 = StoreRecord(
            name: StoreName(unchecked: "cloud"), settings: .s3(S3Settings(endpoint: "https://s3.example", bucket: "b", credentialsFile: "/etc/aeneas/s3")),
            createdAt: Fixture.start)
        await #expect(throws: CatalogError.storeNameTaken(Fixture.store.name)) { try await catalog.addStore(Fixture.store) }
        try await catalog.addStore(s3)
        try await catalog.setStoreID(s3.name, id)
        try await catalog.setStoreID(s3.name, id)
        #expect(try await catalog.store(named: s3.name).id == id)
        #expect(try await catalog.store(named: s3.name).settings == s3.settings)
        await #expect(throws: CatalogError.storeKnown(as: s3.name)) { try await catalog.setStoreID(Fixture.store.name, id) }
    }
}
