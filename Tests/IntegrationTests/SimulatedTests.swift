import BackupModel
import CassandraNode
import Crypto
import Foundation
import Testing

/// Everything that needs nodes with an sshd, and no Cassandra: on every machine, one test at a time.
@Suite(.serialized)
struct SimulatedCassandra {}

extension SimulatedCassandra {
    @Suite("the whole job on three simulated nodes", .serialized)
    struct WholeJob {
        @Test("a lost node comes back with every file, and the cluster goes back to its backup")
        func wholeJob() async throws {
            let bed = try await SharedBed.simulated.bed(), master = try await Master.registered(bed), lost = bed.nodes[1]
            #expect(bed.isSimulated)
            let id = try await master.completeBackup(), before = bed.nodes.map(userFiles)
            #expect(before.allSatisfy { !$0.isEmpty })
            try requireDone(try await master.aeneas("backup", "verify", id))
            _ = try await master.completeBackup()
            #expect(try await master.newestBackup()["sentBytes"] as? Int == 0, "unchanged SSTables are not sent again")

            try await bed.tool("node-kill", lost.address)
            try await bed.tool("node-wipe", lost.address)
            #expect(userFiles(lost).isEmpty)
            try requireDone(try await master.aeneas("restore", "start", "prod", "--node", lost.address, "--backup", id, "--yes", "--drop-aside"))
            #expect(bed.nodes.map(userFiles) == before)

            try await bed.control(bed.nodes[0].address, "write", "shop.orders", "2")
            #expect(userFiles(bed.nodes[0]) != before[0])
            try requireDone(try await master.aeneas("restore", "start", "prod", "--whole-cluster", "--backup", id, "--yes", "--drop-aside"))
            #expect(bed.nodes.map(userFiles) == before)
            #expect(bed.ownSnapshots == [])
            master.kill(SIGTERM)
        }

        /// Digests of the SSTables of user keyspaces, by their path below the data folder.
        private func userFiles(_ node: TestBed.Description.Node) -> [String: String] {
            let paths = node.dataFiles(of: "shop") + node.dataFiles(of: "MixedCase")
            return Dictionary(
                uniqueKeysWithValues: paths.map { path in
                    (
                        String(path.dropFirst(node.home.count)),
                        (try? Data(contentsOf: URL(fileURLWithPath: path))).map { SHA256.hash(Array($0)).hex } ?? "unreadable"
                    )
                })
        }

        @Test("the test bed says of simulated nodes that they are, and lets no others be told to fail")
        func isSaid() async throws {
            let folder = try TemporaryFolder(), bed = folder.path + "/bed"
            let up = try await Subprocess.run(TestBed.tool, ["up", bed, "--nodes", "1", "--prefix", "127.19.\(Int.random(in: 0...250))", "--simulated"])
            let unknown = try await Subprocess.run(TestBed.tool, ["control", bed, "127.19.255.255", "ping"])
            let down = try await Subprocess.run(TestBed.tool, ["down", bed])
            try requireDone(up)
            #expect(unknown.status != 0)
            let said = up.errors.split(separator: "\n").filter { $0.contains("node") || $0.contains("up after") }
            #expect(!said.isEmpty && said.allSatisfy { $0.contains("simulated") }, "\(up)")
            #expect(down.status == 0 && !FileManager.default.fileExists(atPath: bed), "\(down)")
        }
    }

    @Test("a master takes as many open files as the system allows: each node needs some")
    func openFiles() async throws {
        let master = try Master()
        try await master.start(under: ["/usr/bin/prlimit", "--nofile=256:4096"])
        let limits = try String(contentsOfFile: "/proc/\(try #require(master.pid))/limits", encoding: .utf8)
        let words = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max open files") }).split(separator: " ").map(String.init)
        #expect(words[3...4] == ["4096", "4096"])
        master.kill(SIGTERM)
    }

    @Suite("a cluster in trouble", .serialized)
    struct Trouble {
        @Test("a node that joins and two schema versions are named, and nothing is registered, backed up or left")
        func notSound() async throws {
            let bed = try await SharedBed.simulated.bed(), master = try await Master.registered(bed), fresh = try Master()
            try await fresh.start()
            let node = bed.nodes[2].address, version = "11111111-2222-3333-4444-555555555555"
            let own = try await schemaVersion(master)
            try await refused(bed, master, fresh, "cluster.node-joining", [node]) { try await bed.control(node, "mode", "JOINING") }
            try await bed.control(node, "mode", "NORMAL")
            try await refused(bed, master, fresh, "cluster.schema-disagreement", [node, version, own]) { try await bed.control(node, "schema", version) }
            try await bed.control(node, "schema", own)
            try requireDone(try await fresh.register(bed))
            _ = try await master.completeBackup()
            fresh.kill(SIGTERM)
            master.kill(SIGTERM)
        }

        private func refused(
            _ bed: TestBed, _ master: Master, _ fresh: Master, _ code: String, _ words: [String], _ trouble: () async throws -> Void
        ) async throws {
            try await trouble()
            expectFailed(try await fresh.register(bed), code, saying: words)
            #expect((try await fresh.json("cluster", "list") as? [Any])?.isEmpty == true)
            expectFailed(try await master.backUp(), code, saying: words)
            #expect(master.names(of: "stages", in: try await master.newestRun()) == ["check"])
            #expect(bed.ownSnapshots == [])
            #expect(master.objects { $0 == "backup.json" } == [])
        }

        private func schemaVersion(_ master: Master) async throws -> String {
            let shown = try #require(try await master.json("cluster", "show", "prod") as? [String: Any])
            return try #require(shown["schemaVersion"] as? String)
        }

        @Test("a node whose snapshot is refused, or that dies in its middle, is named; no node keeps our tag")
        func snapshotFails() async throws {
            let bed = try await SharedBed.simulated.bed(), master = try await Master.registered(bed), node = bed.nodes[1].address
            let words = "Snapshot aeneas-20260101T000000Z-000000 already exists."
            try await bed.control(node, "fail", "takeSnapshot", words)
            expectFailed(try await master.backUp(), "cassandra.snapshot-failed", saying: [node, words])
            try await bed.control(node, "clear")
            #expect(bed.ownSnapshots == [])

            try await bed.control(node, "die", "takeSnapshot")
            let died = try await master.backUp()
            #expect(died.status == 1 && died.errors.contains(node), "\(died)")
            #expect(bed.ownSnapshots == [])
            expectFailed(try await master.backUp(), "cluster.node-down", saying: [node])
            #expect(master.objects { $0 == "backup.json" } == [])

            try await bed.tool("node-start", node)
            try await bed.tool("node-wait", node)
            _ = try await master.completeBackup()
            #expect(bed.ownSnapshots == [])
            master.kill(SIGTERM)
        }
    }
}
