import BackupModel
import Foundation
import JMX
import Testing

/// A master of its own over a test bed that has a few megabytes to send, registered as `prod`, with a transfer rate slow enough to be interrupted.
struct FaultScene: Sendable {
    let bed: TestBed
    let master: Master

    /// - Parameter rate: Bytes a second on each node, as `aeneas cluster add --rate` takes it.
    init(_ bed: TestBed, rate: String? = nil) async throws {
        self.bed = bed
        try await FaultRows.shared.fill(bed)
        master = try Master()
        try await master.start()
        let added = try await master.register(bed, more: ["--workers", "2"] + (rate.map { ["--rate", $0] } ?? []))
        try #require(added.status == 0, "\(added)")
    }

    /// Adds a fresh folder store and starts a backup into it.
    func startBackup() async throws -> ShownRun {
        let added = try await master.addStore("folder", as: "main")
        try #require(added.status == 0, "\(added)")
        return try await started("backup", "start", "prod", "--store", "main", "--keyspace", FaultRows.keyspace)
    }

    func started(_ arguments: String...) async throws -> ShownRun {
        let ran = try await master.aeneas(arguments + ["--no-wait", "--output", "json"])
        try #require(ran.status == 0, "\(ran)")
        return try await show(try JSONDecoder().decode(Started.self, from: Data(ran.output.utf8)).run)
    }

    private struct Started: Decodable { var run: String }

    func show(_ run: String) async throws -> ShownRun {
        let ran = try await master.aeneas("run", "show", run, "--output", "json")
        try #require(ran.status == 0, "\(ran)\n\(master.log)")
        return try JSONDecoder().decode(ShownRun.self, from: Data(ran.output.utf8))
    }

    @discardableResult
    func wait(for run: ShownRun, _ what: String, seconds: Double = 90, until isSo: (ShownRun) throws -> Bool) async throws -> ShownRun {
        let deadline = Date() + seconds
        while true {
            let now = try await show(run.id)
            if try isSo(now) { return now }
            guard Date() < deadline else { throw TestBedError(description: "not \(what) after \(seconds) s: \(now)\n\(master.log)") }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    func end(of run: ShownRun, seconds: Double = 90) async throws -> ShownRun { try await wait(for: run, "ended", seconds: seconds) { $0.state != "running" } }

    /// The only job of that kind in work on a node for this master.
    func job(_ kind: String, on node: TestBed.Description.Node) async throws -> JobProcess {
        try await eventually("a job '\(kind)' in work on \(node.address)") { JobProcess.running(bed, master).first { $0.kind == kind && $0.text.contains("\"\(node.home)/") } }
    }

    /// What the run left: no snapshot of ours, the operator's own, and no run that reads as running.
    func expectNothingLeft(_ location: SourceLocation = #_sourceLocation) async throws {
        for node in bed.nodes {
            let tags = snapshots(node)
            #expect(tags.filter { $0.hasPrefix("aeneas-") } == [], "on \(node.address)", sourceLocation: location)
            #expect(tags.contains(FaultRows.operatorsTag), "on \(node.address)", sourceLocation: location)
        }
        let runs = try #require(try await master.json("run", "list") as? [[String: Any]])
        #expect(runs.compactMap { $0["state"] as? String }.filter { $0 == "running" } == [], sourceLocation: location)
        #expect(JobProcess.running(bed, master).map(\.kind) == [], sourceLocation: location)
    }

    /// The backup has failed, and the store, a folder, has no `backup.json` of it.
    func expectNoBackup(of run: ShownRun, in folder: String, _ location: SourceLocation = #_sourceLocation) async throws {
        let id = try #require(run.backup, sourceLocation: location)
        let shown = try #require(try await master.json("backup", "show", id) as? [String: Any], sourceLocation: location)
        #expect(shown["state"] as? String == "failed", sourceLocation: location)
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/clusters/prod/backups/\(id)/backup.json"), sourceLocation: location)
        try await expectNothingLeft(location)
    }

    func expectNextBackupWorks(store: String = "main", _ location: SourceLocation = #_sourceLocation) async throws {
        let next = try await master.aeneas("backup", "start", "prod", "--store", store, "--keyspace", FaultRows.keyspace)
        #expect(next.status == 0, "\(next)", sourceLocation: location)
        try await expectNothingLeft(location)
    }

    func sentBytes(of run: ShownRun) async throws -> Int {
        let id = try #require(run.backup), shown = try #require(try await master.json("backup", "show", id) as? [String: Any])
        return try #require(shown["sentBytes"] as? Int)
    }
}

/// What `aeneas run show --output json` prints, as far as it is asked for here.
struct ShownRun: Decodable, Sendable {
    struct Stage: Decodable, Sendable {
        var name: String
        var state: String
    }

    struct Node: Decodable, Sendable {
        var address: String
        var stage: String
        var state: String
    }

    struct Event: Decodable, Sendable {
        var node: String?
        var text: String
        var code: String?
    }

    var id: String
    var state: String
    var backup: String?
    var restore: String?
    var failure: Failure?
    var stages: [Stage]
    var nodes: [Node]
    var events: [Event]
    var codes: [String] { events.compactMap(\.code) }
}

/// A job of an agent, found by its folder and the lock that it has signed.
struct JobProcess: Sendable {
    let pid: pid_t
    let kind: String
    /// Its request.
    let text: String

    /// - Parameter master: Only the jobs that mention its folder, which its folder stores lie in, or any when nil.
    static func running(_ bed: TestBed, _ master: Master?) -> [JobProcess] {
        let jobs = bed.folder + "/agent/jobs"
        return ((try? FileManager.default.contentsOfDirectory(atPath: jobs)) ?? []).compactMap { name in
            guard let text = try? String(contentsOfFile: "\(jobs)/\(name)/request.json", encoding: .utf8), master.map({ text.contains($0.folder) }) ?? true,
                let request = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], let kind = (request["work"] as? [String: Any])?.keys.first,
                let pid = (try? String(contentsOfFile: "\(jobs)/\(name)/lock", encoding: .utf8))?.split(separator: " ").first.flatMap({ pid_t($0) }),
                let command = try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8), command.contains(name)
            else { return nil }
            return JobProcess(pid: pid, kind: kind, text: text)
        }
    }

    /// A zombie, which stays where nobody reaps it, has no command line.
    var isRunning: Bool { ((try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)) ?? "").isEmpty == false }
}

/// Which file an object of a folder store is: another inode or change time means that it was written again.
struct StoredFile: Hashable, Sendable {
    var inode: UInt
    var changed: Int
    var size: Int

    /// The SSTables' objects by their keys.
    static func all(in store: String) -> [String: StoredFile] {
        let data = store + "/clusters/prod/data"
        var files: [String: StoredFile] = [:]
        guard let walk = FileManager.default.enumerator(atPath: data) else { return files }
        for case let path as String in walk {
            var status = stat()
            guard lstat("\(data)/\(path)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            files[path] = StoredFile(inode: UInt(status.st_ino), changed: status.st_ctim.tv_sec * 1_000_000_000 + status.st_ctim.tv_nsec, size: Int(status.st_size))
        }
        return files
    }
}

extension [String: StoredFile] {
    var bytes: Int { values.reduce(0) { $0 + $1.size } }

    /// Each is what it was; what came later does not matter.
    func expectUnchanged(in later: [String: StoredFile], _ location: SourceLocation = #_sourceLocation) {
        #expect(filter { later[$0.key] != $0.value }.keys.sorted() == [], "sent again", sourceLocation: location)
        #expect(later.count > count, "the fault came too late to prove anything", sourceLocation: location)
    }
}

/// Asks until there is an answer, and gives up loudly.
func eventually<Value>(_ what: String, seconds: Double = 60, _ find: () throws -> Value?) async throws -> Value {
    let deadline = Date() + seconds
    while true {
        if let value = try find() { return value }
        guard Date() < deadline else { throw TestBedError(description: "not within \(seconds) s: \(what)") }
        try await Task.sleep(for: .milliseconds(20))
    }
}
