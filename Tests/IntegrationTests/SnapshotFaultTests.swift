import BackupModel
import CassandraNode
import Foundation
import Testing

extension RealCassandra {
    @Suite("snapshots that fail", .serialized, .enabled(if: NodesAvailable.cassandra, "no Cassandra can be had on this machine"))
    struct SnapshotFaults {
        @Test("a node whose Cassandra cannot finish its snapshot is named; nothing is left, and the next backup succeeds")
        func refusedByCassandra() async throws {
            let bed = try await SharedBed.cassandra.bed(), master = try await Master.registered(bed)
            let kept = try await operatorsSnapshots(bed), node = bed.nodes[1]
            let tables = node.tables(in: try FileManager.default.contentsOfDirectory(atPath: node.dataFolders[0]))
            // Cassandra needs a folder where a file is.
            let watcher = SnapshotWatcher(node) { pid, tag in
                for table in tables where !FileManager.default.fileExists(atPath: "\(table)/snapshots/\(tag)") {
                    try? FileManager.default.createDirectory(atPath: table + "/snapshots", withIntermediateDirectories: false)
                    FileManager.default.createFile(atPath: "\(table)/snapshots/\(tag)", contents: nil)
                }
                kill(pid, SIGCONT)
            }
            let failed = try await master.backUp()
            let seen = try #require(watcher.finish(), "no snapshot was seen in the making: \(failed)")
            // unlink takes the files that were put there, and no folder.
            for table in tables { unlink("\(table)/snapshots/\(seen.tag)") }
            expectFailed(failed, "cassandra.snapshot-failed", saying: [node.address])
            try await clearByHandIfTold(master, node, seen.tag)
            try await nothingIsLeft(bed, master)
            _ = try await master.completeBackup()
            #expect(bed.ownSnapshots == [])
            #expect(bed.nodes.map(snapshots) == kept)
            master.kill(SIGTERM)
        }

        @Test("Cassandra killed in the middle of its snapshot fails the backup; while it is down nothing is begun; once it is back the next backup succeeds")
        func killed() async throws {
            let bed = try await SharedBed.cassandra.bed(), master = try await Master.registered(bed)
            let kept = try await operatorsSnapshots(bed), node = bed.nodes[2]
            let watcher = SnapshotWatcher(node) { pid, _ in kill(pid, SIGKILL) }
            let failed = try await master.backUp()
            let seen = try #require(watcher.finish(), "no snapshot was seen in the making: \(failed)")
            #expect(seen.tables < node.tables(in: ["system", "system_schema"]).count)
            #expect(failed.status == 1, "\(failed)")
            #expect(failed.errors.contains(node.address), "\(failed)")
            try await nothingIsLeft(bed, master)
            #expect(!master.names(of: "events", in: try await master.newestRun(), "code").contains("backup.snapshot-left"))
            try await refusedWhileDown(bed, master, node)
            try await bed.tool("node-kill", node.address)
            try await bed.tool("node-start", node.address)
            try await bed.tool("node-wait", node.address)
            try await bed.waitUntilWhole(master)
            _ = try await master.completeBackup()
            #expect(bed.ownSnapshots == [])
            #expect(bed.nodes.map(snapshots) == kept)
            master.kill(SIGTERM)
        }

        private func nothingIsLeft(_ bed: TestBed, _ master: Master) async throws {
            #expect(try await master.newestBackup()["state"] as? String == "failed")
            #expect(master.objects { $0 == "backup.json" } == [])
            #expect(bed.ownSnapshots == [])
        }

        /// What was in the way of the snapshot is in the way of clearing it: then a warning says how, and that does it.
        private func clearByHandIfTold(_ master: Master, _ node: TestBed.Description.Node, _ tag: String) async throws {
            let events = try #require(try await master.newestRun()["events"] as? [[String: Any]])
            guard let told = events.first(where: { $0["code"] as? String == "backup.snapshot-left" }) else { return }
            #expect(told["node"] as? String == node.address)
            #expect((told["text"] as? String)?.contains("nodetool clearsnapshot -t \(tag)") == true, "\(told)")
            let cassandra = CassandraOverJMX(access: NodeAccess(jmxHost: node.jmxHost, jmxPort: node.jmxPort))
            defer { cassandra.close() }
            try cassandra.clearSnapshot(tag: SnapshotTag(tag))
        }

        private func refusedWhileDown(_ bed: TestBed, _ master: Master, _ node: TestBed.Description.Node) async throws {
            expectFailed(try await master.backUp(), "cluster.node-down", saying: [node.address])
            #expect(master.names(of: "stages", in: try await master.newestRun()) == ["check"], "no snapshot is begun")
            #expect(bed.ownSnapshots == [])
            let other = try Master()
            try await other.start()
            expectFailed(try await other.register(bed), "cluster.node-down", saying: [node.address])
            #expect((try await other.json("cluster", "list") as? [Any])?.isEmpty == true)
            other.kill(SIGTERM)
        }

        /// What the operator and Cassandra itself keep: an own snapshot and that of a truncated table. All tags, by node.
        private func operatorsSnapshots(_ bed: TestBed) async throws -> [[String]] {
            try await bed.cql([
                "CREATE KEYSPACE IF NOT EXISTS faults WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3}",
                "CREATE TABLE IF NOT EXISTS faults.events (id int PRIMARY KEY, body text)", "CREATE TABLE IF NOT EXISTS faults.scratch (id int PRIMARY KEY)",
                "INSERT INTO faults.events (id, body) VALUES (1, 'kept')", "INSERT INTO faults.scratch (id) VALUES (1)", "TRUNCATE faults.scratch",
            ])
            for node in bed.nodes where !snapshots(node).contains("operator_keep") { try node.takeSnapshot("operator_keep", of: "faults") }
            let tags = bed.nodes.map(snapshots)
            #expect(tags.allSatisfy { $0.contains("operator_keep") && $0.contains { $0.contains("truncated-") } })
            return tags
        }
    }
}

/// Watches a node's data folders, stops its Cassandra as soon as one of our snapshots is being made there, and then does what it is told.
///
/// `@unchecked Sendable`: what its thread writes is read after the thread has ended.
private final class SnapshotWatcher: @unchecked Sendable {
    /// The snapshot's tag, and how many tables of the keyspaces `system` and `system_schema` had it.
    typealias Seen = (tag: String, tables: Int)
    private let thread = DispatchGroup()
    private let lock = NSLock()
    private var over = false
    private var seen: Seen?

    /// - Parameter act: Given the stopped process and the tag.
    init(_ node: TestBed.Description.Node, act: @escaping @Sendable (pid_t, String) -> Void) {
        let tables = node.tables(in: ["system", "system_schema"])
        DispatchQueue.global().async(group: thread) { [self] in
            while !lock.withLock({ over }) {
                guard let tag = Self.tags(tables).first, let pid = node.pid else { continue }
                kill(pid, SIGSTOP)
                seen = (tag, Self.tags(tables).count)
                act(pid, tag)
                return
            }
        }
    }

    /// - Returns: nil when none was seen.
    func finish() -> Seen? {
        lock.withLock { over = true }
        thread.wait()
        return seen
    }

    private static func tags(_ tables: [String]) -> [String] {
        tables.compactMap { table in ((try? FileManager.default.contentsOfDirectory(atPath: table + "/snapshots")) ?? []).first { $0.hasPrefix("aeneas-") } }
    }
}
