import BackupModel
import Catalog
import Foundation
@testable import Operations
import TestSupport
import Testing

@Suite struct RestorePlanTests {
    private let bench: Bench
    private let master: Master
    private let backup: BackupRecord

    init() async throws {
        bench = try Bench()
        master = try bench.master()
        try await master.setUp()
        backup = try await master.backUp().backup
        bench.cluster.forgetLog()
    }

    private func plan(_ node: String? = nil) async throws -> RestorePlan { try await master.operations.planRestore(master.restoreRequest(node)) }
    private func weights(_ plan: RestorePlan) -> [String: RestorePlan.Finding.Weight] { Dictionary(plan.findings.map { ($0.code, $0.weight) }, uniquingKeysWith: { first, _ in first }) }

    /// Changes the description, in the store and in the catalogue: as if the backup had been taken so.
    private func changeDescription(_ change: (inout BackupDescription) -> Void) async throws {
        var description = try #require(backup.description)
        change(&description)
        try Data(JSONText.encodeDocument(description)).write(to: bench.storeFolder.appendingPathComponent("clusters/prod/backups/\(backup.id)/backup.json"))
        var record = backup
        record.description = description
        try await master.catalog.updateBackup(record)
    }

    @Test("a plan for one node names what is destroyed, how much comes, what is left out and the steps; nothing is touched")
    func node() async throws {
        let plan = try await plan("10.0.0.2"), node = try #require(plan.nodes.first)
        #expect(plan.kind == .node && plan.nodes.count == 1 && plan.backup == backup.id && plan.refusals.isEmpty && plan.overridesNeeded.isEmpty)
        #expect(node.destroys.map(\.path) == ["/fake/10.0.0.2/data1", "/fake/10.0.0.2/data2", "/fake/10.0.0.2/commitlog"] && node.destroys.map(\.bytes) == [1000, 1001, 1002])
        #expect(node.sstables == 1 && node.tables == 1 && node.downloadBytes > 0 && node.leftOut.contains("system.paxos") && !node.leftOut.contains("system.local"))
        #expect(plan.repairKeyspaces.map(\.rawValue) == ["shop", "system_auth"] && !plan.repairPrimaryRangesOnly && plan.steps.count == 6)
        #expect(plan.smallestGCGraceSeconds == 864_000 && plan.smallestGCGraceTable == "shop.orders" && plan.asOf == Timestamp("2026-11-24T14:55:02Z"))
        #expect(weights(plan) == ["restore.stale-until-repaired": .information, "restore.node-running": .warning])
        #expect(bench.cluster.log.allSatisfy { ["connect", "inspect", "measure"].contains($0.split(separator: " ")[1]) })
        #expect(try await master.catalog.runs().count == 1)
        #expect(try await master.catalog.restores().isEmpty)
    }

    @Test("a node may be named by its host id; an unknown one is refused with those there are")
    func naming() async throws {
        #expect(try await plan(FakeNode.host(2).rawValue).nodes.map(\.address) == ["10.0.0.2"])
        let unknown = await failure { try await plan("10.0.0.9") }
        #expect(unknown?.code == "restore.unknown-node" && unknown?.hint?.contains("10.0.0.1, 10.0.0.2, 10.0.0.3") == true)
    }

    @Test("a plan for the cluster takes every node, all its tables, and primary ranges")
    func whole() async throws {
        let plan = try await plan()
        #expect(plan.kind == .cluster && plan.nodes.map(\.address) == bench.cluster.addresses && plan.nodes.allSatisfy(\.leftOut.isEmpty) && plan.repairPrimaryRangesOnly)
        #expect(weights(plan) == ["restore.loses-writes": .warning, "restore.per-node": .warning, "restore.node-running": .warning])
    }

    @Test("the newest complete backup is taken unless another is named; one that failed cannot be")
    func choice() async throws {
        bench.cluster.on("snapshot", .fail(Failure("cassandra.x", "x")))
        let failed = try await master.backUp().backup
        #expect(try await plan("10.0.0.1").backup == backup.id)
        var request = master.restoreRequest()
        request.backup = failed.id
        #expect(await failure { try await master.operations.planRestore(request) }?.code == "restore.backup-not-complete")
        request.backup = BackupID(unchecked: "20200101T000000Z-000000")
        #expect(await failure { try await master.operations.planRestore(request) }?.code == "catalog.unknown-backup")
        let newer = try await master.backUp().backup
        #expect(try await plan("10.0.0.1").backup == newer.id)
    }

    @Test("without a backup there is no plan")
    func none() async throws {
        let bench = try Bench(), master = try bench.master()
        try await master.setUp()
        #expect(await failure { try await master.operations.planRestore(master.restoreRequest()) }?.code == "restore.no-backup")
    }

    @Test("a node's backup older than gc_grace_seconds needs an override; a cluster's is warned of")
    func age() async throws {
        bench.pass(days: 11)
        #expect(weights(try await plan("10.0.0.1"))["restore.older-than-gc-grace"] == .override)
        #expect(weights(try await plan())["restore.older-than-gc-grace"] == .warning)
    }

    @Test("a backup of only some keyspaces cannot restore a node")
    func someKeyspaces() async throws {
        _ = try await master.backUp([KeyspaceName("shop")])
        #expect(weights(try await plan("10.0.0.1"))["restore.not-all-keyspaces"] == .refusal)
    }

    @Test("an incomplete backup is a warning for a node and refused for the cluster")
    func partial() async throws {
        try await changeDescription { description in
            description.complete = false
            description.nodes[2].part = nil
        }
        #expect(weights(try await plan("10.0.0.1"))["restore.backup-partial"] == .warning)
        #expect(weights(try await plan("10.0.0.3"))["restore.node-not-in-backup"] == .refusal)
        #expect(weights(try await plan())["restore.backup-partial"] == .refusal)
    }

    @Test("another partitioner or major release is refused, another minor release is warned of")
    func releases() async throws {
        try await changeDescription { $0.partitioner = "org.apache.cassandra.dht.RandomPartitioner" }
        #expect(weights(try await plan())["restore.other-partitioner"] == .refusal)
        try await changeDescription { $0.release = "5.0.2" }
        #expect(weights(try await plan())["restore.other-release"] == .warning)
        try await changeDescription { $0.release = "4.1.10" }
        #expect(weights(try await plan())["restore.other-release"] == .refusal)
    }

    @Test("tokens that have changed since are refused")
    func tokens() async throws {
        try await changeDescription { $0.nodes[1].tokens = ["7"] }
        let plan = try await plan("10.0.0.2")
        #expect(plan.refusals.map(\.code) == ["restore.tokens-differ"] && plan.refusals.first?.node == "10.0.0.2")
        #expect(try await self.plan("10.0.0.1").refusals.isEmpty)
    }

    @Test("a changed schema is told with the keyspaces that came, went or are replicated otherwise")
    func schema() async throws {
        bench.cluster.changeAll { node in
            node.facts.schemaVersion = "cccccccc-f3cd-3e02-97f0-5b395827453f"
            node.facts.keyspaces["new"] = ["class": "SimpleStrategy", "replication_factor": "2"]
            node.facts.keyspaces["shop"] = ["class": "NetworkTopologyStrategy", "dc1": "2"]
            node.facts.keyspaces["system_auth"] = nil
        }
        let plan = try await plan("10.0.0.1"), finding = plan.findings.first { $0.code == "restore.schema-changed" }
        #expect(finding?.text.contains("created since: new; dropped since: system_auth; other replication: shop") == true)
        #expect(plan.repairKeyspaces.map(\.rawValue) == ["new", "shop"])
    }

    @Test("settings that differ are warned of, and refused where Cassandra would not start")
    func settings() async throws {
        bench.cluster.change("10.0.0.1") { $0.facts.settings["cdc_enabled"] = "true" }
        #expect(weights(try await plan("10.0.0.1"))["restore.setting-differs"] == .warning)
        bench.cluster.change("10.0.0.2") { $0.facts.settings["uuid_sstable_identifiers_enabled"] = "false" }
        #expect(weights(try await plan("10.0.0.2"))["restore.setting-differs"] == .refusal)
    }

    @Test("a member of the backup that the cluster has no more is refused for the cluster")
    func members() async throws {
        try await changeDescription { description in
            var gone = description.nodes[0]
            (gone.hostID, gone.address) = (FakeNode.host(9), "10.0.0.9")
            description.nodes.append(gone)
        }
        #expect(weights(try await plan())["restore.other-members"] == .refusal)
        #expect(weights(try await plan("10.0.0.1"))["restore.other-members"] == nil)
    }

    @Test("a peer that is down needs an override for a node's restore: repair could not complete")
    func peerDown() async throws {
        bench.cluster.change("10.0.0.3") { $0.running = false }
        let plan = try await plan("10.0.0.2")
        #expect(plan.overridesNeeded == ["restore.peer-down"] && plan.findings.first { $0.code == "restore.peer-down" }?.node == "10.0.0.3")
        bench.cluster.changeAll { $0.running = false }
        #expect(try await self.plan("10.0.0.2").overridesNeeded == ["restore.peer-down"])
    }

    @Test("a node without Cassandra can be restored; one without an agent cannot")
    func reach() async throws {
        bench.cluster.change("10.0.0.2") { $0.running = false }
        let down = try await plan("10.0.0.2")
        #expect(down.refusals.isEmpty && down.overridesNeeded.isEmpty && !down.nodes[0].cassandraRunning && weights(down)["restore.node-running"] == nil)
        bench.cluster.change("10.0.0.2") { $0.reachable = false }
        #expect(weights(try await plan("10.0.0.2"))["restore.node-unreachable"] == .refusal)
    }

    @Test("too little space beside the data is refused, by file system")
    func space() async throws {
        bench.cluster.change("10.0.0.2") { $0.free = 1 }
        let plan = try await plan("10.0.0.2")
        #expect(plan.refusals.map(\.code) == ["restore.no-space"] && plan.refusals.first?.text.contains("/fake/10.0.0.2/data2") == true)
    }

    @Test("SSTables damaged at their source are warned of and not counted among what comes")
    func damaged() async throws {
        bench.cluster.change("10.0.0.2") { $0.damaged = true }
        _ = try await master.backUp()
        let plan = try await plan("10.0.0.2")
        #expect(weights(plan)["restore.damaged-at-source"] == .warning && plan.nodes[0].sstables == 0 && plan.nodes[0].damagedSSTables == 1)
    }

    @Test("a manifest that cannot be read is refused before anything is stopped")
    func manifest() async throws {
        let path = bench.storeFolder.appendingPathComponent("clusters/prod/backups/\(backup.id)/nodes/\(FakeNode.host(2)).jsonl.gz")
        var bytes = try Data(contentsOf: path)
        bytes[bytes.count - 3] ^= 1
        try bytes.write(to: path)
        #expect(weights(try await plan("10.0.0.2"))["restore.manifest-unreadable"] == .refusal)
        #expect(try await plan("10.0.0.1").refusals.isEmpty)
        try FileManager.default.removeItem(at: path)
        #expect(weights(try await plan("10.0.0.2"))["restore.manifest-unreadable"] == .refusal)
    }

    @Test("a backup whose description is another cluster's is refused")
    func otherCluster() async throws {
        try await changeDescription { $0.clusterID = ClusterID(unchecked: "6f1c0b46-6f6d-4c3c-9d1e-2f0f5b0a0099") }
        #expect(await failure { try await plan() }?.code == "restore.other-cluster")
    }

    @Test("the digest stays while only time, sizes and free space change, and changes with what was found or is taken")
    func digest() async throws {
        let first = try await plan("10.0.0.2").digest
        bench.cluster.change("10.0.0.2") { $0.free -= 12_345 }
        #expect(try await plan("10.0.0.2").digest == first)
        var plans: Set<String> = [first, try await plan("10.0.0.1").digest, try await plan().digest]
        bench.cluster.change("10.0.0.3") { $0.running = false }
        plans.insert(try await plan("10.0.0.2").digest)
        bench.cluster.change("10.0.0.3") { $0.running = true }
        #expect(try await plan("10.0.0.2").digest == first)
        bench.cluster.change("10.0.0.2") { $0.facts.folders.data[0] = "/fake/elsewhere" }
        plans.insert(try await plan("10.0.0.2").digest)
        bench.cluster.change("10.0.0.2") { $0.facts.folders.data[0] = "/fake/10.0.0.2/data1" }
        _ = try await master.backUp()
        plans.insert(try await plan("10.0.0.2").digest)
        #expect(plans.count == 6)
    }

    @Test("a refusal, a missing override and a changed plan each stop a restore before anything is recorded or touched")
    func confirming() async throws {
        func start(_ request: RestoreRequest, _ digest: String) async -> Failure? { await failure { try await master.operations.startRestore(request, digest: digest) } }
        #expect(await start(master.restoreRequest("10.0.0.2"), "0123456789abcdef")?.code == "restore.plan-changed")
        bench.cluster.change("10.0.0.3") { $0.running = false }
        let needed = await start(master.restoreRequest("10.0.0.2"), try await plan("10.0.0.2").digest)
        #expect(needed?.code == "restore.override-needed" && needed?.hint?.hasSuffix("--override restore.peer-down") == true)
        bench.cluster.change("10.0.0.2") { $0.free = 1 }
        let refused = await start(master.restoreRequest("10.0.0.2", overrides: ["restore.peer-down", "restore.no-space"]), try await plan("10.0.0.2").digest)
        #expect(refused?.code == "restore.no-space" && refused?.node == "10.0.0.2")
        #expect(try await master.catalog.restores().isEmpty)
        #expect(try await master.catalog.runs().count == 1)
        #expect(bench.cluster.count("startJob stage") == 0)
        #expect(try await master.isAtRest())
    }
}
