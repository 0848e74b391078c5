import BackupModel
import Foundation
import JMX
import Testing

/// Everything that uses the shared test bed, one test at a time.
@Suite(.serialized)
struct RealCassandra {}

extension RealCassandra {
    @Suite("the whole job on three real nodes", .serialized)
    struct WholeJob {
        @Test(
            "a lost node comes back with every row, and the cluster goes back to its backup",
            .enabled(if: NodesAvailable.cassandra, "no Cassandra can be had on this machine"), arguments: ["folder", "s3"])
        func wholeJob(kind: String) async throws {
            let bed = try await SharedBed.cassandra.bed(), master = try Master()
            try await master.start()
            try await prepare(bed)
            let added = try await master.register(bed)
            #expect(added.status == 0, "\(added)")
            try expect(try await master.addStore(kind, as: "main"))
            try await createLate(bed)
            for node in bed.nodes { try await holdCompaction(node) }
            let backup = try await firstBackup(bed, master)
            try await secondBackupSendsNothing(bed, master)
            for node in bed.nodes { try compaction("enableAutoCompaction", node) }
            try expect(try await bed.rows("change"))
            try await restoreNode(bed, master, backup)
            try await restoreCluster(bed, master, backup)
            try await operatorsSnapshotsSurvive(bed)
            master.kill(SIGTERM)
        }

        private func expect(_ ran: Ran, _ location: SourceLocation = #_sourceLocation) throws { try #require(ran.status == 0, "\(ran)", sourceLocation: location) }

        /// Once for the test bed: the second store finds the cluster as the first one's cluster restore left it.
        private func prepare(_ bed: TestBed) async throws {
            guard try await bed.rows("check", "backup").status != 0 else { return }
            try expect(try await bed.rows("create"))
            try expect(try await bed.rows("load"))
            for node in bed.nodes { try node.takeSnapshot("operator_keep", of: "shop") }
        }

        private func createLate(_ bed: TestBed) async throws {
            guard try await bed.rows("check", "backup").status != 0 else { return }
            try expect(try await bed.rows("late"))
        }

        /// A compaction between two backups would make SSTables that the store lacks, though no row changed.
        private func holdCompaction(_ node: TestBed.Description.Node) async throws {
            try compaction("disableAutoCompaction", node)
            let jmx = try connect(node)
            defer { jmx.close() }
            _ = try await eventually("the end of the compactions on \(node.address)") {
                try jmx.getAttribute("org.apache.cassandra.db:type=CompactionManager", "Compactions").list(of: "the compactions").isEmpty ? true : nil
            }
        }

        private func compaction(_ operation: String, _ node: TestBed.Description.Node) throws {
            let jmx = try connect(node)
            defer { jmx.close() }
            _ = try jmx.invoke("org.apache.cassandra.db:type=StorageService", operation, arguments: [.string("shop"), .strings([])])
        }

        private func connect(_ node: TestBed.Description.Node) throws -> JMXConnection {
            try JMXConnection(host: node.jmxHost, port: node.jmxPort, credentials: nil, tls: nil, timeout: .seconds(30))
        }

        private func firstBackup(_ bed: TestBed, _ master: Master) async throws -> String {
            let ran = try await master.aeneas("backup", "start", "prod", "--store", "main")
            try expect(ran)
            let list = try #require(try await master.json("backup", "list", "--cluster", "prod") as? [[String: Any]])
            let backup = try #require(list.first)
            #expect(backup["state"] as? String == "complete")
            #expect(backup["damaged"] as? Int == 0)
            let id = try #require(backup["id"] as? String)
            let shown = try #require(try await master.json("backup", "show", id) as? [String: Any]), description = try #require(shown["description"] as? [String: Any])
            #expect((description["nodes"] as? [Any])?.count == 3)
            let grace = try #require(description["gcGraceSeconds"] as? [String: Int])
            #expect(grace["shop.empty"] == 432_000)
            #expect(grace["shop.late"] == 864_000, "a table created after the registration is in the backup")
            try expect(try await master.aeneas("backup", "verify", id))
            for node in bed.nodes { #expect(snapshots(node).filter { $0.hasPrefix("aeneas-") } == []) }
            return id
        }

        private func secondBackupSendsNothing(_ bed: TestBed, _ master: Master) async throws {
            try expect(try await master.aeneas("backup", "start", "prod", "--store", "main", "--keyspace", "shop"))
            let list = try #require(try await master.json("backup", "list", "--cluster", "prod") as? [[String: Any]])
            #expect(list.first?["sentBytes"] as? Int == 0, "unchanged SSTables are not sent again")
            #expect((list.first?["sstables"] as? Int ?? 0) > 0)
        }

        private func restoreNode(_ bed: TestBed, _ master: Master, _ backup: String) async throws {
            let lost = bed.nodes[1].address
            let before = try #require(try await master.json("cluster", "show", "prod") as? [String: Any])
            try await bed.tool("node-kill", lost)
            try await bed.tool("node-wipe", lost)
            let plan = try await master.aeneas("restore", "plan", "prod", "--node", lost, "--backup", backup)
            try expect(plan)
            #expect(plan.output.contains(backup))
            try expect(try await master.aeneas("restore", "start", "prod", "--node", lost, "--backup", backup, "--yes"))
            try expect(try await master.aeneas("cluster", "refresh", "prod"))
            let after = try #require(try await master.json("cluster", "show", "prod") as? [String: Any])
            #expect(identities(before) == identities(after), "host ids and tokens are what they were")
            try await bed.tool("node-wait", lost)
            try expect(try await bed.rows("check", "changed"))
            try await checkAlone(bed, lost)
        }

        /// With the others stopped nobody can answer in its place.
        private func checkAlone(_ bed: TestBed, _ address: String) async throws {
            let others = bed.nodes.map(\.address).filter { $0 != address }
            for other in others { try await bed.tool("node-stop", other) }
            let ran = try await bed.rows("check", "changed", only: address, consistency: "ONE")
            for other in others {
                try await bed.tool("node-start", other)
                try await bed.tool("node-wait", other)
            }
            try expect(ran)
        }

        private func restoreCluster(_ bed: TestBed, _ master: Master, _ backup: String) async throws {
            try expect(try await master.aeneas("restore", "start", "prod", "--whole-cluster", "--backup", backup, "--yes"))
            for node in bed.nodes { try await bed.tool("node-wait", node.address) }
            try expect(try await bed.rows("check", "backup"))
            let restores = try #require(try await master.json("restore", "list", "--cluster", "prod") as? [[String: Any]])
            for restore in restores where restore["state"] as? String == "awaiting-decision" { try expect(try await master.aeneas("restore", "drop", try #require(restore["id"] as? String))) }
        }

        private func operatorsSnapshotsSurvive(_ bed: TestBed) async throws {
            for node in [bed.nodes[0], bed.nodes[2]] {
                let tags = snapshots(node)
                #expect(tags.contains("operator_keep"), "node \(node.address) has \(tags)")
                // From 6.0 on the time comes first.
                #expect(tags.contains { $0.contains("truncated-") }, "node \(node.address) has \(tags)")
                #expect(!tags.contains { $0.hasPrefix("aeneas-") }, "node \(node.address) has \(tags)")
            }
        }

        private func identities(_ cluster: [String: Any]) -> [String: Set<String>] {
            let nodes = cluster["nodes"] as? [[String: Any]] ?? []
            return Dictionary(nodes.map { ("\($0["address"] ?? "") \($0["hostID"] ?? "")", Set($0["tokens"] as? [String] ?? [])) }, uniquingKeysWith: { first, _ in first })
        }
    }
}

/// Every snapshot tag in the node's data folders.
func snapshots(_ node: TestBed.Description.Node) -> [String] {
    var tags: Set<String> = []
    for data in node.dataFolders {
        for keyspace in (try? FileManager.default.contentsOfDirectory(atPath: data)) ?? [] {
            for table in (try? FileManager.default.contentsOfDirectory(atPath: "\(data)/\(keyspace)")) ?? [] {
                tags.formUnion((try? FileManager.default.contentsOfDirectory(atPath: "\(data)/\(keyspace)/\(table)/snapshots")) ?? [])
            }
        }
    }
    return tags.sorted()
}

enum NodesAvailable {
    /// What `deploy/testbed` itself would find, asked of it.
    static let cassandra: Bool = {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: TestBed.tool)
        process.arguments = ["find", "--release", TestBed.release]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()
}
