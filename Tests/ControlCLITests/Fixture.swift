import BackupModel
import ControlAPI

let shop = ClusterName(unchecked: "shop")
let backupID = BackupID(unchecked: "20261124T145501Z-1a2b3c")
let runID = RunID(unchecked: "01J9ZK00000000000000000001")
let restoreID = RestoreID(unchecked: "01J9ZK00000000000000000002")
let start = Timestamp("2026-11-24T14:55:01.250Z")!

func host(_ number: Int) -> HostID { HostID(unchecked: "00000000-0000-4000-8000-00000000000\(number)") }

func progress(_ done: Int, of total: Int, reused: Int = 0) -> Progress { Progress(phase: "upload", bytesDone: done, bytesTotal: total, bytesReused: reused) }

func runNode(_ number: Int, _ state: String = "running", stage: String = "upload", _ progress: Progress? = nil, rate: Int? = nil, left: Int? = nil, failure: Failure? = nil) -> RunBody.Node {
    RunBody.Node(
        hostID: host(number), address: "10.0.0.\(number)", stage: stage, state: state, progress: progress, bytesPerSecond: rate, secondsLeft: left, failure: failure,
        updated: start.advanced(by: 9000))
}

func event(_ number: Int, _ text: String, level: Note.Level = .info, node: String? = nil, code: String? = nil) -> RunBody.Event {
    RunBody.Event(number: number, at: start.advanced(by: number * 1000), level: level, node: node, text: text, code: code)
}

func run(_ state: String, kind: String = "backup", pause: PauseID? = nil, stages: [RunBody.Stage] = [], nodes: [RunBody.Node] = [], events: [RunBody.Event] = [], failure: Failure? = nil) -> RunBody {
    RunBody(
        id: runID, kind: kind, cluster: kind == "pause" ? nil : shop, backup: kind == "pause" ? nil : backupID, restore: kind.hasPrefix("restore") ? restoreID : nil, pause: pause,
        application: pause.map { _ in app }, state: state, started: start,
        ended: state == "running" ? nil : start.advanced(by: 72_000), failure: failure, stages: stages, nodes: nodes, events: events)
}

func stage(_ name: String, _ state: String = "running", seconds: Int? = nil) -> RunBody.Stage {
    RunBody.Stage(name: name, state: state, started: start, ended: seconds.map { start.advanced(by: $0 * 1000) }, detail: nil)
}

func backup(damaged: [DamagedSSTable] = [], pause: PauseWindow? = nil, files: [BackupFile]? = nil) -> BackupBody {
    let consistency: BackupDescription.Consistency = pause?.isConsistent == true ? .transactional : .perNode
    let counts = ManifestEnd(tables: 12, sstables: 345, files: 3105, bytes: 1_288_490_189, damaged: damaged.count)
    let part = BackupPart(
        manifestSHA256: SHA256Hex(unchecked: String(repeating: "a", count: 64)), manifestSize: 9000, counts: counts, snapshotStarted: start, snapshotEnded: start, damaged: damaged)
    func node(_ number: Int, _ part: BackupPart?) -> BackupNode {
        BackupNode(
            hostID: host(number), address: "10.0.0.\(number)", datacenter: "dc1", rack: "rack1", tokens: ["0"], settings: [:], dataFolders: ["/data"], clockOffsetMilliseconds: 1, part: part)
    }
    let description = BackupDescription(
        id: backupID, kind: .cluster, consistency: consistency, cluster: shop, clusterID: ClusterID(unchecked: host(9).rawValue), cassandraName: "Shop", run: runID, started: start, finished: start,
        release: "5.0.6", partitioner: "Murmur3Partitioner", snitch: "SimpleSnitch", schemaVersion: host(8).rawValue, nodes: [node(1, part), node(2, nil)], complete: false, keyspaces: [:],
        gcGraceSeconds: [:], onlyKeyspaces: [], pause: pause, files: files)
    return BackupBody(
        id: backupID, cluster: shop, store: StoreName(unchecked: "prod"), run: runID, state: "complete", consistency: consistency, started: start, finished: start.advanced(by: 192_000),
        bytes: 1_288_490_189, sentBytes: 314_572_800, sstables: 345, damaged: damaged.count, doubts: pause?.doubts, description: description, pause: pause)
}

func plan(kind: RestorePlan.Kind = .node, findings: [RestorePlan.Finding] = [], nodes: Int = 1) -> RestorePlanBody {
    let plan = RestorePlan(
        kind: kind, cluster: shop, backup: backupID, store: StoreName(unchecked: "prod"), consistency: .perNode, asOf: start, made: start.advanced(by: 7_500_000), ageSeconds: 7500,
        smallestGCGraceSeconds: 864_000, smallestGCGraceTable: "shop.orders", nodes: (1...nodes).map(planNode), repairKeyspaces: [KeyspaceName(unchecked: "shop"), KeyspaceName(unchecked: "system_auth")],
        repairPrimaryRangesOnly: kind == .cluster, findings: findings, steps: ["download everything", "stop Cassandra"])
    return RestorePlanBody(plan: plan, digest: "0123456789abcdef")
}

private func planNode(_ number: Int) -> RestorePlanNode {
    RestorePlanNode(
        hostID: host(number), address: "10.0.0.\(number)", datacenter: "dc1", rack: "rack1", cassandraRunning: true,
        destroys: [.init(path: "/var/lib/cassandra/data", exists: true, bytes: 3_650_722_202), .init(path: "/var/lib/cassandra/hints", exists: false, bytes: 0)], downloadBytes: 1_288_490_189,
        sstables: 345, tables: 12, damagedSSTables: 0, space: [.init(path: "/var/lib/cassandra", needed: 1_352_914_698, free: 21_474_836_480)], leftOut: ["system.peers_v2"])
}
