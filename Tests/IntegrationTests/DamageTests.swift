import BackupModel
import CassandraNode
import Foundation
import Testing

extension RealCassandra {
    @Suite("damage on a node and in the store", .serialized, .enabled(if: NodesAvailable.cassandra, "no Cassandra can be had on this machine"))
    struct Damage {
        @Test("an SSTable that was damaged on its node is backed up, marked and told of everywhere, and a restore leaves it out")
        func damagedAtSource() async throws {
            let bed = try await SharedBed.cassandra.bed(), master = try await Master.registered(bed), node = bed.nodes[1]
            let file = try DamagedFile(try await freshSSTable(bed, node))
            let sstable = String((file.path as NSString).lastPathComponent.dropLast("-Data.db".count))
            try file.flipMiddle()
            do {
                let ran = try await master.backUp()
                try requireDone(ran)
                #expect(ran.output.contains("WARNING: 1 SSTable"), "\(ran)")
                try await isToldEverywhere(master, node, sstable)
            } catch {
                try file.putBack()
                throw error
            }
            try file.putBack()
            try await bed.cql(["DROP KEYSPACE damage"])
            master.kill(SIGTERM)
        }

        private func isToldEverywhere(_ master: Master, _ node: TestBed.Description.Node, _ sstable: String) async throws {
            let backup = try await master.newestBackup(), id = try #require(backup["id"] as? String)
            #expect(backup["state"] as? String == "complete")
            #expect(backup["damaged"] as? Int == 1)
            let events = try #require(try await master.newestRun()["events"] as? [[String: Any]])
            let told = try #require(events.first { $0["code"] as? String == "backup.damaged-at-source" })
            #expect(told["node"] as? String == node.address)
            #expect((told["text"] as? String)?.contains("damage.events: \(sstable)") == true, "\(told)")

            let list = try await master.aeneas("backup", "list"), shown = try await master.aeneas("backup", "show", id)
            #expect(list.output.split(separator: "\n").first { $0.hasPrefix(id) }?.hasSuffix(" 1") == true, "\(list)")
            #expect(shown.output.contains("damaged on the node before the backup"), "\(shown)")
            #expect(
                shown.output.split(separator: "\n").contains { $0.contains(node.address) && $0.contains("damage.events") && $0.contains(sstable) }, "\(shown)")

            let verified = try await master.aeneas("backup", "verify", id)
            try requireDone(verified)
            #expect((verified.output + verified.errors).contains("1 SSTables were damaged on their node already"), "\(verified)")
            try await isLeftOut(master, node, id)
        }

        private func isLeftOut(_ master: Master, _ node: TestBed.Description.Node, _ id: String) async throws {
            let answer = try #require(try await master.json("restore", "plan", "prod", "--node", node.address, "--backup", id) as? [String: Any])
            let plan = try #require(answer["plan"] as? [String: Any]), planned = try #require((plan["nodes"] as? [[String: Any]])?.first)
            #expect(planned["damagedSSTables"] as? Int == 1)
            #expect(master.names(of: "findings", in: plan, "code").contains("restore.damaged-at-source"))
            let whole = try #require(try await master.json("backup", "show", id) as? [String: Any]),
                description = try #require(whole["description"] as? [String: Any])
            let part = try #require((description["nodes"] as? [[String: Any]])?.first { $0["address"] as? String == node.address }?["part"] as? [String: Any])
            #expect((part["damaged"] as? [[String: Any]])?.map { $0["table"] as? String } == ["events"])
            let counts = try #require(part["counts"] as? [String: Int])
            #expect((planned["sstables"] as? Int ?? 0) < (counts["sstables"] ?? 0))
        }

        /// More than the 128 KiB that name an SSTable's object, so that the middle does not: only reading all of it finds the damage.
        private func freshSSTable(_ bed: TestBed, _ node: TestBed.Description.Node) async throws -> String {
            let body = String(repeating: "0123456789abcdef", count: 1024)
            try await bed.cql(
                [
                    "DROP KEYSPACE IF EXISTS damage", "CREATE KEYSPACE damage WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3}",
                    "CREATE TABLE damage.events (id int PRIMARY KEY, body text) WITH compression = {'enabled': 'false'}",
                ] + (0..<20).map { "INSERT INTO damage.events (id, body) VALUES (\($0), '\(body)')" })
            let cassandra = CassandraOverJMX(access: NodeAccess(jmxHost: node.jmxHost, jmxPort: node.jmxPort))
            defer { cassandra.close() }
            try cassandra.flush(keyspaces: [KeyspaceName("damage")])
            return try #require(node.dataFiles(of: "damage").first)
        }

        @Test("objects that were flipped, cut or removed in the store are named by verify, and a restore fails before it stops anything")
        func damagedInStore() async throws {
            let bed = try await SharedBed.cassandra.bed(), master = try await Master.registered(bed), node = bed.nodes[1]
            let id = try await master.completeBackup()
            let damages = try damageObjects(master, try await hostID(of: node, master))
            try await isFoundByVerify(master, id, damages.map { $0.key })
            for damage in damages {
                for other in damages { try other.file.putBack() }
                try damage.apply()
                try await restoreStopsNothing(bed, master, node, id, damage.key)
            }
            for damage in damages { try damage.file.putBack() }
            try requireDone(try await master.aeneas("backup", "verify", id))
            master.kill(SIGTERM)
        }

        private struct StoreDamage {
            let file: DamagedFile
            let key: String
            let apply: () throws -> Void
        }

        /// One `Data.db` flipped in the middle, another cut short, and the components of a third removed.
        private func damageObjects(_ master: Master, _ host: String) throws -> [StoreDamage] {
            let ours = { (path: String) in path.contains("/data/\(host)/system_schema/") }
            let data = master.objects { $0.hasPrefix("Data.db.") }.filter(ours), components = master.objects { $0.hasPrefix("components.tar.") }.filter(ours)
            try #require(data.count >= 3 && components.count == data.count)
            let files = try [data[0], data[1], components[2]].map { try DamagedFile(master.store + "/" + $0) }
            let damages = [
                StoreDamage(file: files[0], key: data[0]) { try files[0].flipMiddle() }, StoreDamage(file: files[1], key: data[1]) { try files[1].cutShort() },
                StoreDamage(file: files[2], key: components[2]) { try files[2].remove() },
            ]
            for damage in damages { try damage.apply() }
            return damages
        }

        private func isFoundByVerify(_ master: Master, _ id: String, _ keys: [String]) async throws {
            expectFailed(try await master.aeneas("backup", "verify", id), "backup.not-whole", saying: keys + ["3 objects"])
            let events = try #require(try await master.newestRun()["events"] as? [[String: Any]])
            let found = Dictionary(
                uniqueKeysWithValues: keys.map { key in
                    (key, events.filter { ($0["text"] as? String)?.contains(key) == true }.compactMap { $0["code"] as? String })
                })
            #expect(found[keys[0]] == ["backup.object-changed"])
            #expect(found[keys[1]] == ["backup.object-cut-short"])
            #expect(found[keys[2]] == ["backup.object-missing"])
        }

        private func restoreStopsNothing(_ bed: TestBed, _ master: Master, _ node: TestBed.Description.Node, _ id: String, _ key: String) async throws {
            let before = node.pid
            let ran = try await master.aeneas("restore", "start", "prod", "--node", node.address, "--backup", id, "--yes")
            #expect(ran.status == 1, "\(ran)")
            #expect((ran.output + ran.errors).contains((key as NSString).lastPathComponent), "\(ran)")
            let run = try await master.newestRun()
            #expect(master.names(of: "stages", in: run) == ["download"])
            #expect(before != nil && node.pid == before && kill(before ?? 0, 0) == 0, "Cassandra was stopped")
            #expect(besides(node) == [], "staging is left")
            let restores = try #require(try await master.json("restore", "list", "--cluster", "prod") as? [[String: Any]])
            #expect(restores.first?["state"] as? String == "failed")
        }

        private func besides(_ node: TestBed.Description.Node) -> [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: node.home)) ?? []).filter { $0.contains(".aeneas-") }
        }

        private func hostID(of node: TestBed.Description.Node, _ master: Master) async throws -> String {
            let shown = try #require(try await master.json("cluster", "show", "prod") as? [String: Any])
            return try #require((shown["nodes"] as? [[String: Any]])?.first { $0["address"] as? String == node.address }?["hostID"] as? String)
        }

        @Test("a manifest or backup.json that was changed in the store is refused by its name")
        func damagedDocuments() async throws {
            let bed = try await SharedBed.cassandra.bed(), master = try await Master.registered(bed), node = bed.nodes[1]
            let id = try await master.completeBackup()
            let manifest = try #require(master.objects { $0.hasSuffix(".jsonl.gz") }.first { $0.contains("/\(id)/") }),
                description = "clusters/prod/backups/\(id)/backup.json"
            let file = try DamagedFile(master.store + "/" + manifest)
            try file.flipMiddle()
            expectFailed(try await master.aeneas("backup", "verify", id), "backup.not-whole", saying: [manifest])
            expectFailed(
                try await master.aeneas("restore", "start", "prod", "--whole-cluster", "--backup", id, "--yes"), "restore.manifest-unreadable",
                saying: [manifest])
            try file.putBack()

            let document = try DamagedFile(master.store + "/" + description)
            for change in [notJSON, otherRelease] {
                try change(document)
                expectFailed(try await master.aeneas("backup", "verify", id), "store.document-damaged", saying: [description])
                expectFailed(
                    try await master.aeneas("restore", "start", "prod", "--node", node.address, "--backup", id, "--yes"), "store.document-damaged",
                    saying: [description])
                try document.putBack()
            }
            try requireDone(try await master.aeneas("backup", "verify", id))
            #expect((try await master.json("restore", "list", "--cluster", "prod") as? [Any])?.isEmpty == true)
            master.kill(SIGTERM)
        }

        private func notJSON(_ file: DamagedFile) throws {
            let text = String(decoding: file.original, as: UTF8.self)
            try file.overwrite(Data(text.replacingOccurrences(of: "\"format\"", with: "\u{02}format\"").utf8))
        }

        /// Sound JSON that says something else.
        private func otherRelease(_ file: DamagedFile) throws {
            let text = String(decoding: file.original, as: UTF8.self)
            let changed = text.replacingOccurrences(of: "\"release\"(\\s*:\\s*)\"5", with: "\"release\"$1\"4", options: .regularExpression)
            try #require(changed != text)
            try file.overwrite(Data(changed.utf8))
        }
    }
}
