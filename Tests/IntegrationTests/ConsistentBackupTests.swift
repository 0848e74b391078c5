import BackupModel
import Foundation
import JMX
import Testing

extension RealCassandra {
    /// A real application with transactions under load, its instances paused for the snapshots.
    @Suite(
        "consistent backups of an application under load", .serialized, .enabled(if: NodesAvailable.cassandra, "no Cassandra can be had on this machine"))
    struct Consistent {
        @Test("what is put back is one moment of all transactions; a plain backup taken under the same load is not")
        func underLoad() async throws {
            let bed = try await SharedBed.cassandra.bed()
            try #require(!bed.isSimulated)
            for number in 1...rounds(1, full: 10) { try await round(bed, withControl: number % 3 == 1) }
        }

        private func round(_ bed: TestBed, withControl: Bool) async throws {
            let master = try await Master.registered(bed), bank = try await Bank(bed), transfers = try await bank.startTransfers()
            try await master.addApplication("bank", transfers.described.targets)
            try await transfers.acknowledge(60)
            let torn = withControl ? try await plainBackup(bed, master) : nil
            try requireDone(try await master.aeneas("backup", "start", "prod", "--store", "main", "--consistent"))
            let whole = try await master.lastBackup(), window = try #require(whole.description?.pause)
            expectProven(whole, window, transfers)
            try await transfers.acknowledge(60)
            try await transfers.stop()

            try await restore(bed, master, whole.id, "--consistent")
            let verdict = try await bank.check(transfers, from: window.started, to: window.ended)
            #expect(verdict.ok, "\(verdict)")
            #expect(verdict.acknowledgedBefore >= 60 && verdict.after >= 60, "\(verdict)")

            if let torn { try await mustBreak(bed, master, bank, transfers, torn) }
            master.kill(SIGTERM)
        }

        private func expectProven(_ backup: ShownBackup, _ window: PauseWindow, _ transfers: Transfers) {
            #expect(backup.state == "complete" && backup.consistency == "transactional" && window.isConsistent, "\(backup)")
            #expect(window.targets.map(\.description) == transfers.described.targets.sorted())
            #expect(window.nodes.count == 3)
            for node in window.nodes { #expect(0 <= node.sentMicroseconds && node.sentMicroseconds < node.answeredMicroseconds && node.answeredMicroseconds < window.windowMicroseconds, "\(node)") }
            #expect(window.windowMicroseconds <= window.outageMicroseconds)
            print("window \(window.windowMicroseconds / 1000) ms, outage \(window.outageMicroseconds / 1000) ms, snapshots \(window.nodes.map { ($0.answeredMicroseconds - $0.sentMicroseconds) / 1000 }) ms")
        }

        /// The negative control. Each node's Cassandra takes its tables' snapshots one after the other over seconds, as it does of larger data, no two nodes at the same pace.
        private func plainBackup(_ bed: TestBed, _ master: Master) async throws -> ShownBackup {
            for (node, links) in zip(bed.nodes, [60, 50, 40]) { try linksPerSecond(links, on: node) }
            defer { for node in bed.nodes { try? linksPerSecond(0, on: node) } }
            try requireDone(try await master.aeneas("backup", "start", "prod", "--store", "main", "--plain"))
            let backup = try await master.lastBackup()
            #expect(backup.state == "complete" && backup.consistency == "per-node", "\(backup)")
            #expect(backup.description?.pause == nil)
            return backup
        }

        private func mustBreak(_ bed: TestBed, _ master: Master, _ bank: Bank, _ transfers: Transfers, _ torn: ShownBackup) async throws {
            let refused = try await master.aeneas("restore", "start", "prod", "--whole-cluster", "--backup", torn.id, "--consistent", "--yes")
            expectFailed(refused, "restore.not-consistent", saying: [torn.id])
            let starts = torn.description?.nodes.compactMap(\.part).map(\.snapshotStarted) ?? [], earliest = starts.min(), moment = try #require(earliest)
            try await restore(bed, master, torn.id, "--override", "restore.per-node")
            let verdict = try await bank.check(transfers, from: moment, to: moment)
            #expect(Set(verdict.failed).isSuperset(of: ["T1", "T2", "T3"]), "the control proves nothing: \(verdict)")
        }

        private func restore(_ bed: TestBed, _ master: Master, _ backup: String, _ more: String...) async throws {
            try requireDone(try await master.aeneas(["restore", "start", "prod", "--whole-cluster", "--backup", backup, "--yes", "--drop-aside"] + more))
            for node in bed.nodes { try await bed.tool("node-wait", node.address) }
        }

        private func linksPerSecond(_ count: Int, on node: TestBed.Description.Node) throws {
            let jmx = try JMXConnection(host: node.jmxHost, port: node.jmxPort, credentials: nil, tls: nil, timeout: .seconds(30))
            defer { jmx.close() }
            try jmx.setAttribute("org.apache.cassandra.db:type=StorageService", "SnapshotLinksPerSecond", .long(Int64(count)))
        }

        @Test(
            "two stores are put back to the same moment by a command inside the window; with a dump from outside it they do not fit",
            .enabled(if: PostgreSQL.isPossible, "no PostgreSQL is installed (deploy/setup postgres)"))
        func twoStores() async throws {
            let bed = try await SharedBed.cassandra.bed(), postgres = try await PostgreSQL(), dump = try await postgres.dumpCommand()
            for _ in 1...rounds(1, full: 5) { try await twoStores(bed, postgres, dump) }
        }

        private func twoStores(_ bed: TestBed, _ postgres: PostgreSQL, _ dump: String) async throws {
            let master = try await Master.registered(bed), bank = try await Bank(bed, postgres), transfers = try await bank.startTransfers()
            try await master.addApplication("bank", transfers.described.targets)
            try await transfers.acknowledge(60)
            try requireDone(try await master.aeneas("backup", "start", "prod", "--store", "main", "--consistent", "--with", "accounts=\(dump)"))
            let backup = try await master.lastBackup(), window = try #require(backup.description?.pause)
            #expect(backup.consistency == "transactional", "\(backup)")
            let file = try #require(backup.description?.files?.first)
            #expect(file.name.rawValue == "accounts" && window.started <= file.started && file.ended <= window.ended, "\(file)")
            try await transfers.acknowledge(60)
            let outside = try await Subprocess.run("/bin/sh", ["-c", "exec \(dump) > \(bank.folder)/outside.sql"])
            try requireDone(outside)
            try await transfers.stop()

            try await bank.drop()
            try await postgres.forget()
            let dumped = bank.folder + "/accounts-\(backup.id).sql"
            try await restore(bed, master, backup.id, "--consistent")
            try requireDone(try await master.aeneas("restore", "start", "prod", "--backup", backup.id, "--only", "accounts=\(dumped)"))
            try await postgres.load(dumped)
            let verdict = try await bank.check(transfers, from: window.started, to: window.ended)
            #expect(verdict.ok, "\(verdict)")
            #expect(verdict.acknowledgedBefore >= 60 && verdict.after >= 60, "\(verdict)")

            try await postgres.forget()
            try await postgres.load(bank.folder + "/outside.sql")
            let torn = try await bank.check(transfers, from: window.started, to: window.ended)
            #expect(torn.failed.contains("T1"), "the control proves nothing: \(torn)")
            master.kill(SIGTERM)
        }
    }
}
