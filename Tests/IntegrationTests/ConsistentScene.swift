import BackupModel
import Foundation
import Testing

/// How often a test of consistency is repeated: the long tests do it more often.
func rounds(_ usual: Int, full: Int) -> Int { ProcessInfo.processInfo.environment["AENEAS_TEST_FULL"] == "1" ? full : usual }

/// What `aeneas backup show --output json` prints, as far as it is asked for here.
struct ShownBackup: Decodable, Sendable {
    var id: String
    var state: String
    var consistency: String
    var doubts: [PauseDoubt]?
    var description: BackupDescription?
    var pause: PauseWindow?
}

/// What `/v1/pauses` tells of each.
struct ShownPause: Decodable, Sendable {
    var id: String
    var run: String
    var state: String
    var detail: String?
}

extension Master {
    /// Makes an application of these instances known, and names it in the cluster's settings.
    func addApplication(_ name: String, _ targets: [String], cluster: String = "prod", more: [String] = []) async throws {
        try requireDone(try await aeneas(["application", "add", name] + targets.flatMap { ["--target", $0] } + more))
        try requireDone(try await aeneas("cluster", "set", cluster, "--application", name))
    }

    /// The newest backup, in full.
    func lastBackup(of cluster: String = "prod") async throws -> ShownBackup {
        let list = try #require(try await json("backup", "list", "--cluster", cluster) as? [[String: Any]])
        return try await backup(try #require(list.first?["id"] as? String))
    }

    func backup(_ id: String) async throws -> ShownBackup {
        let ran = try await aeneas("backup", "show", id, "--output", "json")
        try requireDone(ran)
        return try JSONDecoder().decode(ShownBackup.self, from: Data(ran.output.utf8))
    }

    /// Newest first.
    func pauses() async throws -> [ShownPause] { try JSONDecoder().decode([ShownPause].self, from: Data(try await get("/v1/pauses").utf8)) }

    private func get(_ path: String) async throws -> String {
        let ran = try await Subprocess.run("/usr/bin/curl", ["-sS", "--fail", "--max-time", "60", "--unix-socket", socket, "http://localhost" + path])
        try requireDone(ran)
        return ran.output
    }

    /// The guardian processes that this master has started beside itself.
    func guardians() -> [pid_t] {
        guard let master = pid else { return [] }
        return ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }.filter { pid in
            guard let status = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8), let end = status.lastIndex(of: ")") else { return false }
            guard status[end...].split(separator: " ").dropFirst(2).first.flatMap({ pid_t($0) }) == master else { return false }
            let words = ((try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)) ?? "").split(separator: "\0")
            return words.contains("guard")
        }
    }
}
