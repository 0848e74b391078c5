@testable import ControlCLI
import BackupModel
import ControlAPI
import Testing

@Suite struct TextTests {
    @Test(
        "bytes have at most three figures and the unit that fits",
        arguments: [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (102_297, "99.9 KiB"), (102_349, "100 KiB"), (102_400, "100 KiB"), (1_048_575, "1.0 MiB"), (1_288_490_189, "1.2 GiB"), (Int.max, "8.0 EiB")]
    )
    func bytes(count: Int, text: String) { #expect(Amount.bytes(count) == text) }

    @Test(
        "durations have their two greatest units",
        arguments: [(-5, "0 s"), (0, "0 s"), (42, "42 s"), (60, "1 min"), (192, "3 min 12 s"), (7500, "2 h 5 min"), (3605, "1 h"), (864_000, "10 d"), (100_000, "1 d 3 h")]
    )
    func durations(seconds: Int, text: String) { #expect(Amount.duration(seconds) == text) }

    @Test("a failure is printed with its chain, the first hint, its code and its run")
    func failure() {
        let cause = Failure("store.access-denied", "access denied (403)", hint: "may the agent's credentials put objects under this prefix?")
        let failure = Failure("store.access-denied", "unable to upload 'nb-42-big-Data.db' from node 10.0.0.7 to s3://backups/prod", node: "10.0.0.7", cause: cause)
        #expect(
            FailureText(failure, run: runID).text == """
                error: unable to upload 'nb-42-big-Data.db' from node 10.0.0.7 to s3://backups/prod: access denied (403)
                HINT: may the agent's credentials put objects under this prefix?
                code: store.access-denied   run: 01J9ZK00000000000000000001

                """)
        #expect(FailureText(Failure("a.b", "no", node: "10.0.0.7")).text == "error: 10.0.0.7: no\ncode: a.b\n")
    }

    @Test("what would move a terminal's cursor is not printed")
    func hostileText() {
        let text = FailureText(Failure("a.b", "x\u{1B}[2J\ny\u{202E}z")).text
        #expect(text == "error: x\u{FFFD}[2J y\u{FFFD}z\ncode: a.b\n")
        #expect(!RunText.event(event(1, "\u{1B}]0;x\u{07}")).contains("\u{1B}"))
        #expect(TextTable([], [["a\u{1B}b", "c"]]).text == "a\u{FFFD}b  c\n")
    }

    @Test("a plan names what it destroys, what it moves, what speaks against it and what it does")
    func nodePlan() {
        let body = plan(findings: [
            .init(.information, "restore.stale-until-repaired", "reads may miss rows until the repair is through"), .init(.warning, "restore.node-running", node: "10.0.0.1", "Cassandra runs on 10.0.0.1"),
            .init(.override, "restore.older-than-gc-grace", "rows may come back"), .init(.refusal, "restore.no-space", node: "10.0.0.1", "no room"),
        ])
        #expect(
            PlanText(body.plan, digest: body.digest).text == """
                restore node 10.0.0.1 of cluster 'shop'
                  backup       20261124T145501Z-1a2b3c in store 'prod'
                  consistency  per node: each is as of its own snapshot
                  as of        2026-11-24 14:55:01Z, 2 h 5 min ago
                  deletions    the shortest gc_grace_seconds is 10 d ('shop.orders'): the backup is younger
                  download     1.2 GiB in 345 SSTables on 1 node
                  repair       full, all ranges of the node: shop, system_auth

                node 10.0.0.1 (dc1, rack1, host id 00000000-0000-4000-8000-000000000001): Cassandra is running and will be stopped
                  destroys, once what was set aside is dropped:
                    /var/lib/cassandra/data   3.4 GiB
                    /var/lib/cassandra/hints  not there
                  places 1.2 GiB: 345 SSTables of 12 tables
                  needs space beside it:
                    /var/lib/cassandra  1.3 GiB of 20.0 GiB free
                  leaves out what the node learns anew: system.peers_v2

                REFUSED, because:
                  [restore.no-space] 10.0.0.1: no room
                refused unless taken on by --override CODE:
                  [restore.older-than-gc-grace] rows may come back
                warnings:
                  [restore.node-running] Cassandra runs on 10.0.0.1
                good to know:
                  [restore.stale-until-repaired] reads may miss rows until the repair is through

                steps:
                  1. download everything
                  2. stop Cassandra

                plan digest: 0123456789abcdef

                """)
    }

    @Test("a plan for a cluster says so first, adds its nodes up and repairs primary ranges")
    func clusterPlan() {
        let text = PlanText(plan(kind: .cluster, nodes: 3).plan).text
        #expect(text.hasPrefix("restore the whole cluster 'shop'\n"))
        #expect(text.contains("  download     3.6 GiB in 1035 SSTables on 3 nodes\n  repair       full, primary ranges of each node in turn: shop, system_auth\n"))
        #expect(text.contains("\nnode 10.0.0.3 (dc1"))
    }

    @Test("a backup names the node whose part is missing and each SSTable that had been damaged")
    func oneBackup() {
        let damaged = DamagedSSTable(
            keyspace: KeyspaceName(unchecked: "shop"), table: TableName(unchecked: "orders"), tableID: TableID(unchecked: String(repeating: "0", count: 32)), index: nil,
            sstable: SSTableName(unchecked: "nb-42-big"), damage: SourceDamage(expected: "1", found: "2"))
        #expect(
            BackupText.one(backup(damaged: [damaged])) == """
                backup 20261124T145501Z-1a2b3c
                  cluster         shop
                  store           prod
                  state           complete
                  consistency     per node
                  run             01J9ZK00000000000000000001
                  started         2026-11-24 14:55:01Z
                  finished        2026-11-24 14:58:13Z, after 3 min 12 s
                  size            1.2 GiB in 345 SSTables
                  sent            300 MiB
                  damaged         1
                  release         5.0.6
                  schema version  00000000-0000-4000-8000-000000000008
                  keyspaces       all
                  complete        NO: a node's part is missing

                ADDRESS   DATACENTER  RACK   SNAPSHOT              TABLES  SSTABLES     SIZE  HOST ID
                10.0.0.1  dc1         rack1  2026-11-24 14:55:01Z      12       345  1.2 GiB  00000000-0000-4000-8000-000000000001
                10.0.0.2  dc1         rack1  MISSING                    -         -        -  00000000-0000-4000-8000-000000000002

                damaged on the node before the backup:
                  10.0.0.1  shop.orders  nb-42-big  its digest says 1, its bytes are 2

                """)
    }

    @Test("a run is shown with its stages, nodes and events")
    func oneRun() {
        let body = run(
            "failed", stages: [stage("check", "done", seconds: 1), stage("upload", "failed", seconds: 70)],
            nodes: [runNode(1, "done", progress(2_147_483_648, of: 2_147_483_648, reused: 1_073_741_824)), runNode(2, "failed", failure: Failure("store.full", "no space"))],
            events: [event(1, "a note"), event(2, "look out", level: .warning, node: "10.0.0.2", code: "x.y")], failure: Failure("store.full", "upload failed"))
        #expect(
            RunText.one(body) == """
                run 01J9ZK00000000000000000001
                  kind     backup
                  cluster  shop
                  state    failed
                  backup   20261124T145501Z-1a2b3c
                  started  2026-11-24 14:55:01Z
                  ended    2026-11-24 14:56:13Z, after 1 min 12 s
                  failure  upload failed
                  code     store.full

                STAGE   STATE   STARTED    TOOK
                check   done    14:55:01Z  1 s
                upload  failed  14:55:01Z  1 min 10 s

                NODE      STAGE   STATE
                10.0.0.1  upload  done    100%, 2.0 GiB of 2.0 GiB (1.0 GiB reused)
                10.0.0.2  upload  failed  no space

                events:
                  14:55:02Z a note
                  14:55:03Z WARNING 10.0.0.2: look out [x.y]

                """)
    }

    @Test("bars fit the terminal, and show those in trouble or in work first")
    func bars() {
        let nodes = [
            runNode(1, "done"), runNode(2, "running", progress(512, of: 1024), rate: 100, left: 5), runNode(3, "failed", failure: Failure("a.b", "broken")), runNode(4, "done"), runNode(5),
        ]
        #expect(
            ProgressBars.lines(nodes, columns: 100, rows: 4) == [
                "10.0.0.3  upload  failed: broken", "10.0.0.2  upload  [##########..........] 50%, 512 B of 1.0 KiB, 100 B/s, 5 s left", "10.0.0.5  upload  …",
                "… and 2 nodes more, 2 of them done",
            ])
        #expect(ProgressBars.lines(nodes, columns: 30, rows: 9).map(\.count).max() == 29)
    }
}
