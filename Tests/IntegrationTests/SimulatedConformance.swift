import BackupModel
import CassandraNode
import Foundation
import Testing

/// What the agent relies on, held against real and simulated nodes alike.
struct NodeConformance {
    let bed: TestBed
    /// A keyspace with as many replicas as there are nodes.
    let replicated: KeyspaceName
    private let cassandra: CassandraOverJMX
    private var node: TestBed.Description.Node { bed.nodes[0] }

    init(_ bed: TestBed, replicated: String) throws {
        self.bed = bed
        self.replicated = try KeyspaceName(replicated)
        cassandra = CassandraOverJMX(access: NodeAccess(jmxHost: bed.nodes[0].jmxHost, jmxPort: bed.nodes[0].jmxPort))
    }

    func check() throws {
        defer { cassandra.close() }
        try facts()
        try snapshots()
        try unknownKeyspace()
        try cassandra.flush(keyspaces: [replicated])
        try cassandra.flush(keyspaces: [])
        for primary in [false, true] {
            var percents: [Int] = []
            let repaired = try cassandra.repair(
                replicated, primaryRangeOnly: primary, timeoutSeconds: 120, progress: { percent, _ in percents.append(percent) }, isCancelled: { false })
            #expect(repaired && percents.allSatisfy { (0...100).contains($0) })
        }
    }

    private func facts() throws {
        let facts = try cassandra.facts(ring: .whole)
        #expect(facts.mode == "NORMAL")
        #expect(try cassandra.mode() == "NORMAL")
        #expect(facts.clusterName == bed.description.clusterName)
        #expect(facts.release == bed.description.release)
        #expect(facts.partitioner.hasSuffix("Murmur3Partitioner"))
        #expect([facts.address, facts.datacenter].allSatisfy { !$0.isEmpty } && facts.address == node.address)
        #expect(!facts.rack.isEmpty && !facts.snitch.isEmpty && !facts.tokens.isEmpty)
        #expect(facts.schemaVersion.count == 36)
        #expect(Set(facts.ring.map(\.address)) == Set(bed.nodes.map(\.address)))
        #expect(facts.ring.allSatisfy { $0.up && $0.state == .normal && $0.hostID != nil && !$0.tokens.isEmpty && !$0.rack.isEmpty })
        let brief = try cassandra.facts(ring: .membership)
        #expect(brief.ring == [] && brief.members == facts.members)
        #expect(facts.members?.split(separator: "\n").map(String.init) == facts.ring.map { "\($0.address) \($0.hostID!)" }.sorted())
        #expect(Set(brief.tokens) == Set(facts.tokens))
        #expect(Set(facts.ring.first { $0.hostID == facts.hostID }?.tokens ?? []) == Set(facts.tokens))
        #expect(facts.keyspaces["system"] == ["class": "LocalStrategy"])
        #expect(facts.keyspaces[replicated.rawValue]?["class"]?.hasSuffix("Strategy") == true)
        #expect(facts.folders.data == node.dataFolders)
        #expect(
            [facts.folders.commitLog, facts.folders.hints, facts.folders.savedCaches, facts.folders.cdcRaw] == [
                node.commitLog, node.hints, node.savedCaches, node.cdcRaw,
            ])
        #expect(facts.folders.owner != nil && facts.settings["cdc_enabled"] != nil && facts.seeds == [bed.nodes[0].address])
        #expect(facts.space.map(\.path) == node.dataFolders && facts.space.allSatisfy { $0.exists && $0.free > 0 })
    }

    private func snapshots() throws {
        let tag = SnapshotTag(unchecked: "aeneas-20260101T000000Z-" + String(UInt32.random(in: 0x100000...0xFFFFFF), radix: 16))
        try cassandra.takeSnapshot(tag: tag, keyspaces: [], skipFlush: false, timeoutSeconds: 120)
        let folders = try SnapshotReader.folders(of: tag, in: node.dataFolders)
        let tables = try SnapshotReader.tables(tag: tag, folders: node.dataFolders, keyspaces: [])
        #expect(!folders.isEmpty && tables.contains { $0.keyspace.rawValue == "system" && $0.name.rawValue == "local" && !$0.sstables.isEmpty })
        #expect(tables.filter { !$0.keyspace.isSystem }.allSatisfy { $0.schema?.contains("CREATE TABLE") == true })
        for sstable in tables.flatMap(\.sstables) { #expect(Set(sstable.files.map(\.component)).isSuperset(of: [.data, .digest, .statistics, .toc])) }
        #expect(try cassandra.facts(ring: .whole).snapshots.contains(tag.rawValue))
        #expect(code { try cassandra.takeSnapshot(tag: tag, keyspaces: [], skipFlush: true, timeoutSeconds: 120) } == "cassandra.snapshot-exists")
        try cassandra.clearSnapshot(tag: tag)
        #expect(try SnapshotReader.folders(of: tag, in: node.dataFolders) == [])
        try cassandra.clearSnapshot(tag: tag)
    }

    private func unknownKeyspace() throws {
        let nope = try KeyspaceName("nope"), tag = SnapshotTag(unchecked: "aeneas-20260101T000000Z-000000")
        #expect(code { try cassandra.takeSnapshot(tag: tag, keyspaces: [nope], skipFlush: true, timeoutSeconds: 60) } == "cassandra.unknown-keyspace")
        #expect(code { try cassandra.flush(keyspaces: [nope]) } == "cassandra.unknown-keyspace")
        #expect(
            code { _ = try cassandra.repair(nope, primaryRangeOnly: true, timeoutSeconds: 60, progress: { _, _ in }, isCancelled: { false }) }
                == "cassandra.unknown-keyspace")
        #expect(try SnapshotReader.folders(of: tag, in: node.dataFolders) == [])
    }

    private func code(_ body: () throws -> Void) -> String? {
        do { try body() } catch { return Failure(error).code }
        return nil
    }
}

extension SimulatedCassandra {
    @Suite("a simulated node answers as Cassandra does")
    struct Conformance {
        @Test("facts, snapshots, flush and repair")
        func conforms() async throws { try NodeConformance(try await SharedBed.simulated.bed(), replicated: "shop").check() }
    }
}

extension RealCassandra {
    @Suite("Cassandra answers as the agent expects", .enabled(if: NodesAvailable.cassandra, "no Cassandra can be had on this machine"))
    struct Conformance {
        @Test("facts, snapshots, flush and repair")
        func conforms() async throws { try NodeConformance(try await SharedBed.cassandra.bed(), replicated: "system_distributed").check() }
    }
}
