import BackupModel
import CassandraNode
import Foundation
import TestSupport
import Testing

/// Against nodes that run: real ones, or those of `AENEAS_TESTBED=DIR/testbed.json`.
@Suite(.serialized, .enabled(if: RunningNodes.unavailable == nil, "no Cassandra can be had on this machine"))
struct CassandraNodeLiveTests {
    let bed: TestBed
    let node: TestBed.Node
    let cassandra: CassandraOverJMX
    let tag: SnapshotTag

    init() throws {
        bed = try TestBed.running()
        node = bed.nodes[0]
        cassandra = CassandraOverJMX(access: node.access)
        tag = SnapshotTag(unchecked: "aeneas-20261124T145501Z-" + String(UInt32.random(in: 0x100000...0xFFFFFF), radix: 16))
    }

    private func keyspace(_ name: String) -> KeyspaceName { KeyspaceName(unchecked: name) }

    @Test("the facts are those of the node")
    func facts() throws {
        let started = ContinuousClock.now
        let facts = try cassandra.facts(ring: .whole)
        print("facts in \(ContinuousClock.now - started)")
        #expect(facts.clusterName == bed.clusterName)
        #expect(facts.release == bed.release)
        #expect(facts.partitioner == "org.apache.cassandra.dht.Murmur3Partitioner")
        #expect(facts.snitch.hasSuffix("Snitch") && facts.snitch != "DynamicEndpointSnitch" && !facts.snitch.contains("."))
        #expect([facts.address, facts.datacenter, facts.rack, facts.mode] == [node.address, node.datacenter, node.rack, "NORMAL"])
        #expect(!facts.tokens.isEmpty)

        #expect(Set(facts.ring.map(\.address)) == Set(bed.nodes.map(\.address)))
        #expect(facts.ring.allSatisfy { $0.up && $0.state == .normal && $0.hostID != nil && !$0.tokens.isEmpty })
        let own = try #require(facts.ring.first { $0.hostID == facts.hostID })
        #expect(own.address == facts.address)
        #expect(Set(own.tokens) == Set(facts.tokens))
        for other in bed.nodes {
            let member = facts.ring.first { $0.address == other.address }
            #expect(member?.datacenter == other.datacenter && member?.rack == other.rack)
        }

        #expect(facts.keyspaces["system"] == ["class": "LocalStrategy"])
        #expect(facts.keyspaces["system_auth"]?["class"] == "SimpleStrategy")
        #expect(facts.keyspaces["system_auth"]?["replication_factor"] == "1")

        #expect(facts.folders.data == node.dataFolders)
        #expect(facts.folders.commitLog == node.commitLog)
        #expect(facts.folders.hints == node.hints)
        #expect(facts.folders.savedCaches == node.savedCaches)
        #expect(facts.folders.cdcRaw == node.cdcRaw)
        #expect(facts.folders.configuration == node.conf + "/cassandra.yaml")
        #expect(facts.folders.owner == NodeFolders.Owner(uid: Int(getuid()), gid: Int(getgid())))
        #expect(facts.settings["cdc_enabled"] == "false")
        #expect(facts.seeds == [bed.nodes[0].address])
        #expect(ProcessTable.isAlive(try #require(facts.pid)))
        #expect(facts.space.map(\.path) == node.dataFolders)
        #expect(facts.space.allSatisfy { $0.exists && $0.free > 0 && $0.free <= $0.total })
        #expect(abs(Double(facts.clock.milliseconds) / 1000 - Date().timeIntervalSince1970) < 60)
    }

    @Test("a snapshot is taken once, read whole, seen among the tags and cleared, and another's stays")
    func snapshot() throws {
        let theirs = SnapshotTag(unchecked: "operator_" + tag.rawValue.suffix(6))
        _ = try cassandra.takeSnapshot(tag: theirs, keyspaces: [keyspace("system_schema")], skipFlush: false, timeoutSeconds: 60)
        let started = ContinuousClock.now
        _ = try cassandra.takeSnapshot(tag: tag, keyspaces: [], skipFlush: true, timeoutSeconds: 60)
        print("snapshot in \(ContinuousClock.now - started)")
        #expect(throws: NodeError.snapshotExists(tag)) { try cassandra.takeSnapshot(tag: tag, keyspaces: [], skipFlush: true, timeoutSeconds: 60) }

        let tables = try SnapshotReader.tables(tag: tag, folders: node.dataFolders, keyspaces: [])
        #expect(tables.contains { $0.keyspace == keyspace("system") && $0.name.rawValue == "local" })
        let read = Set(tables.flatMap(\.sstables).flatMap { sstable in sstable.files.map { "\(sstable.directory)/\(sstable.name)-\($0.component)" } })
        let found = lines(
            try run(
                ["/usr/bin/env", "find"] + node.dataFolders + [
                    "-path", "*/snapshots/\(tag)/*", "-type", "f", "!", "-name", "manifest.json", "!", "-name", "schema.cql",
                ]))
        #expect(read == Set(found))
        #expect(!found.isEmpty)
        #expect(Set(try cassandra.facts(ring: .whole).snapshots).isSuperset(of: [tag.rawValue, theirs.rawValue]))

        try cassandra.clearSnapshot(tag: tag)
        #expect(try SnapshotReader.folders(of: tag, in: node.dataFolders) == [])
        #expect(try SnapshotReader.folders(of: theirs, in: node.dataFolders) != [])
        try cassandra.clearSnapshot(tag: tag)
        try cassandra.clearSnapshot(tag: theirs)
    }

    @Test("a keyspace that does not exist is named, and leaves no snapshot behind")
    func unknownKeyspace() throws {
        #expect(throws: NodeError.unknownKeyspace("nope")) {
            _ = try cassandra.takeSnapshot(tag: tag, keyspaces: [keyspace("nope")], skipFlush: true, timeoutSeconds: 60)
        }
        #expect(try SnapshotReader.folders(of: tag, in: node.dataFolders) == [])
        #expect(throws: NodeError.unknownKeyspace("nope")) { try cassandra.flush(keyspaces: [keyspace("nope")]) }
    }

    @Test("flushing takes one keyspace or all")
    func flush() throws {
        try cassandra.flush(keyspaces: [keyspace("system_schema")])
        try cassandra.flush(keyspaces: [])
    }

    @Test("a repair is waited for; one replica leaves nothing to do; what is unknown is refused")
    func repair() throws {
        func repair(_ name: String, _ primary: Bool, _ heard: inout [Int], cancel: Bool = false) throws -> Bool {
            var percents: [Int] = []
            defer { heard += percents }
            return try cassandra.repair(
                keyspace(name), primaryRangeOnly: primary, timeoutSeconds: 120, progress: { percent, _ in percents.append(percent) }, isCancelled: { cancel })
        }
        var heard: [Int] = []
        #expect(try !repair("system_auth", false, &heard))
        if bed.nodes.count > 1 {
            for name in bed.replicatedKeyspaces {
                for primary in [false, true] { #expect(try repair(name, primary, &heard)) }
            }
            #expect(!heard.isEmpty)
            #expect(heard.allSatisfy { (0...100).contains($0) })
            let name = bed.replicatedKeyspaces[0]
            #expect(throws: NodeError.repairCancelled(keyspace(name))) { try repair(name, true, &heard, cancel: true) }
        }
        print("repair percents: \(heard)")
        #expect { try repair("nope", false, &heard) } throws: { error in
            if case .unknownKeyspace("nope")? = error as? NodeError { true } else { false }
        }
    }

    @Test("nothing at the port is told as such, and is no mode")
    func nothingThere() throws {
        let nowhere = CassandraOverJMX(access: NodeAccess(jmxHost: node.jmxHost, jmxPort: 1))
        #expect(try nowhere.mode() == nil)
        #expect { try nowhere.facts(ring: .whole) } throws: { error in
            if case .unreachable? = error as? NodeError { true } else { false }
        }
        #expect(try cassandra.mode() == "NORMAL")
    }

    @Test(
        "the same object goes on with a node that was stopped and started; while it is down, the others see it down and cannot repair", .timeLimit(.minutes(5)))
    func restart() throws {
        let node = try #require(bed.nodes.last)
        let cassandra = CassandraOverJMX(access: node.access)
        #expect(try cassandra.mode() == "NORMAL")
        let before = try cassandra.facts(ring: .whole)
        if bed.isReal { #expect(ProcessTable.holders(of: node.dataFolders).map(\.pid) == [before.pid]) }
        try bed.run(bed.stopCommand, for: node)
        #expect(try cassandra.mode() == nil)
        #expect(ProcessTable.holders(of: node.dataFolders) == [])
        if bed.isReal, bed.nodes.count > 1 {
            let first = CassandraOverJMX(access: bed.nodes[0].access)
            while try first.facts(ring: .whole).ring.first(where: { $0.address == node.address })?.up == true { usleep(200_000) }
            #expect {
                try first.repair(keyspace("system_distributed"), primaryRangeOnly: false, timeoutSeconds: 120, progress: { _, _ in }, isCancelled: { false })
            } throws: { error in
                print("\(error)")
                guard case .repairFailed(keyspace("system_distributed"), let messages)? = error as? NodeError else { return false }
                return !messages.isEmpty
            }
        }
        try bed.run(bed.startCommand, for: node)
        try bed.run(bed.waitCommand, for: node)
        #expect(try cassandra.mode() == "NORMAL")
        _ = try cassandra.takeSnapshot(tag: tag, keyspaces: [keyspace("system")], skipFlush: true, timeoutSeconds: 60)
        try cassandra.clearSnapshot(tag: tag)
        #expect(try cassandra.facts(ring: .whole).hostID == before.hostID)
    }

    /// A simulated node always joins.
    @Test("a node that was started without joining the ring tells its facts and takes a snapshot", .timeLimit(.minutes(5)))
    func notJoined() throws {
        guard bed.isReal else { return }
        let node = try #require(bed.nodes.last)
        let cassandra = CassandraOverJMX(access: node.access)
        let before = try cassandra.facts(ring: .whole)
        try bed.run(bed.stopCommand, for: node)
        try bed.run(bed.startCommand + ["-Dcassandra.join_ring=false"], for: node)
        defer {
            try? bed.run(bed.stopCommand, for: node)
            try? bed.run(bed.startCommand, for: node)
            try? bed.run(bed.waitCommand, for: node)
        }
        var facts: NodeFacts?
        while facts == nil {
            do throws(NodeError) {
                facts = try cassandra.facts(ring: .whole)
            } catch {
                switch error {
                case .unreachable, .notReady: usleep(200_000)
                default: throw error
                }
            }
        }
        print("not joined: mode \(facts?.mode ?? "-"), tokens \(facts?.tokens ?? [])")
        #expect(facts?.mode == "STARTING")
        #expect(facts?.hostID == before.hostID)
        #expect(facts?.folders == before.folders)
        #expect(facts?.address == node.address)
        _ = try cassandra.takeSnapshot(tag: tag, keyspaces: [], skipFlush: true, timeoutSeconds: 60)
        #expect(try !SnapshotReader.tables(tag: tag, folders: node.dataFolders, keyspaces: []).isEmpty)
        try cassandra.clearSnapshot(tag: tag)
    }
}
