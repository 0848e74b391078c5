import BackupModel
import Foundation
import Testing

/// Simulated nodes whose snapshots take long enough to be hit, an application of grpcio instances, and a master that knows both as `prod` and `shop`.
struct PauseScene: Sendable {
    let bed: TestBed
    let master: Master
    let instances: AdminInstances

    /// - Parameters:
    ///   - more: Of `aeneas application add`.
    ///   - state: Where the master's catalogue lies, when not with the rest of it.
    init(more: [String] = [], snapshotMilliseconds: Int = 3000, state: SmallFileSystem? = nil) async throws {
        bed = try await SharedBed.simulated.bed()
        master = try Master()
        if let state { try FileManager.default.createSymbolicLink(atPath: master.folder + "/state", withDestinationPath: state.path) }
        try await master.start()
        try requireDone(try await master.register(bed))
        try requireDone(try await master.addStore("folder", as: "main"))
        instances = try await AdminInstances()
        try await master.addApplication("shop", instances.targets, more: more)
        for node in bed.nodes { try await bed.control(node.address, "slow", "takeSnapshot", "\(snapshotMilliseconds)") }
    }

    func end() async throws {
        try await quick()
        master.kill(SIGTERM)
    }

    /// Forgets what the nodes were told to do wrong, and starts those that have died.
    func quick() async throws {
        for node in bed.nodes {
            try await bed.tool("node-start", node.address)
            try await bed.tool("node-wait", node.address)
            try await bed.control(node.address, "clear")
        }
    }

    /// A backup, begun.
    func started(_ more: [String] = []) async throws -> ShownRun {
        let ran = try await master.aeneas(["backup", "start", "prod", "--store", "main", "--consistent", "--no-wait", "--output", "json"] + more)
        try requireDone(ran)
        struct Started: Decodable { var run: String }
        return try await show(try JSONDecoder().decode(Started.self, from: Data(ran.output.utf8)).run)
    }

    /// A backup in the middle of its window: all instances paused, the snapshots under way.
    func inWindow(_ more: String...) async throws -> ShownRun {
        let mark = instances.entries.count, run = try await started(more)
        try await instances.waitUntilPaused(after: mark)
        return run
    }

    func show(_ run: String) async throws -> ShownRun {
        let ran = try await master.aeneas("run", "show", run, "--output", "json")
        try requireDone(ran)
        return try JSONDecoder().decode(ShownRun.self, from: Data(ran.output.utf8))
    }

    func ended(_ run: ShownRun, seconds: Double = 120) async throws -> ShownRun {
        let deadline = Date() + seconds
        while true {
            let now = try await show(run.id)
            if now.state != "running" { return now }
            guard Date() < deadline else { throw TestBedError(description: "not ended after \(seconds) s: \(now)\n\(master.log)") }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Everything open, every intent ended, nothing of ours on the nodes, no backup that could be taken for a consistent one.
    func expectNothingLeft(of run: ShownRun, seconds: Double = 90, _ location: SourceLocation = #_sourceLocation) async throws {
        try await instances.waitUntilOpen(seconds: seconds)
        let deadline = Date() + seconds
        while try await master.pauses().contains(where: { $0.state != "ended" }), Date() < deadline { try await Task.sleep(for: .milliseconds(200)) }
        let pauses = try await master.pauses()
        #expect(!pauses.isEmpty && pauses.allSatisfy { $0.state == "ended" }, "\(pauses)", sourceLocation: location)
        _ = try await eventually("the end of our snapshots") { bed.ownSnapshots == [] ? true : nil }
        let backup = try await master.backup(try #require(run.backup))
        #expect(backup.state == "failed" && backup.description == nil, "\(backup)", sourceLocation: location)
        #expect(master.objects { $0 == "backup.json" } == [], sourceLocation: location)
    }

    /// The next one is consistent.
    func expectNextIsConsistent(_ location: SourceLocation = #_sourceLocation) async throws {
        try await quick()
        let next = try await master.aeneas("backup", "start", "prod", "--store", "main", "--consistent")
        #expect(next.status == 0, "\(next)", sourceLocation: location)
        let backup = try await master.lastBackup()
        #expect(backup.consistency == "transactional" && backup.description?.pause?.isConsistent == true, "\(backup)", sourceLocation: location)
        #expect(try instances.areAllOpen(), sourceLocation: location)
    }
}
