import Foundation
import JMX
import Testing

/// That a command failed with that code, and said each of some words: names of nodes, objects, keys.
func expectFailed(_ ran: Ran, _ code: String, saying words: [String] = [], _ location: SourceLocation = #_sourceLocation) {
    let said = ran.output + ran.errors
    #expect(ran.status == 1, "\(ran)", sourceLocation: location)
    #expect(said.contains("code: \(code)"), "\(ran)", sourceLocation: location)
    for word in words { #expect(said.contains(word), "it does not say '\(word)': \(ran)", sourceLocation: location) }
}

func requireDone(_ ran: Ran, _ location: SourceLocation = #_sourceLocation) throws { try #require(ran.status == 0, "\(ran)", sourceLocation: location) }

extension Master {
    /// A master of its own that has registered the test bed as 'prod' and has a fresh folder store 'main'.
    static func registered(_ bed: TestBed) async throws -> Master {
        let master = try Master()
        try await master.start()
        try requireDone(try await master.register(bed))
        try requireDone(try await master.addStore("folder", as: "main"))
        return master
    }

    /// Where `addStore("folder", as: "main")` keeps its objects.
    var store: String { folder + "/store-main" }

    /// Paths below the store's folder, of those whose last part is accepted.
    func objects(where accepts: (String) -> Bool) -> [String] {
        let all = FileManager.default.enumerator(atPath: store)?.compactMap { $0 as? String } ?? []
        return all.filter { accepts(($0 as NSString).lastPathComponent) }.sorted()
    }

    func backUp() async throws -> Ran { try await aeneas("backup", "start", "prod", "--store", "main") }

    /// The newest backup, whatever its state.
    func newestBackup() async throws -> [String: Any] {
        let list = try #require(try await json("backup", "list", "--cluster", "prod") as? [[String: Any]])
        return try #require(list.first)
    }

    /// A complete backup of everything.
    func completeBackup() async throws -> String {
        try requireDone(try await backUp())
        let backup = try await newestBackup()
        try #require(backup["state"] as? String == "complete")
        return try #require(backup["id"] as? String)
    }

    /// The newest run, with its stages, nodes and events.
    func newestRun() async throws -> [String: Any] {
        let list = try #require(try await json("run", "list", "--cluster", "prod") as? [[String: Any]])
        let id = try #require(list.first?["id"] as? String)
        return try #require(try await json("run", "show", id) as? [String: Any])
    }

    /// As `newestRun`, without an issue where there is none yet: for waiting.
    func newestRunIfAny() async -> [String: Any]? {
        guard let list = try? await json("run", "list", "--cluster", "prod") as? [[String: Any]], let id = list.first?["id"] as? String else { return nil }
        return try? await json("run", "show", id) as? [String: Any]
    }

    func names(of part: String, in run: [String: Any], _ key: String = "name") -> [String] {
        (run[part] as? [[String: Any]] ?? []).compactMap { $0[key] as? String }
    }

    /// One request as raw JSON over the Unix socket, past the CLI's own checks.
    func raw(_ method: String, _ path: String, _ body: String) async throws -> (status: Int, code: String, text: String) {
        let file = folder + "/body.json"
        try Data(body.utf8).write(to: URL(fileURLWithPath: file))
        let ran = try await Subprocess.run(
            "/usr/bin/curl",
            [
                "-sS", "--max-time", "60", "--path-as-is", "--unix-socket", socket, "-X", method, "-H", "content-type: application/json", "--data-binary",
                "@" + file, "-w", "\n%{http_code}", "http://localhost" + path,
            ])
        let lines = ran.output.split(separator: "\n", omittingEmptySubsequences: false), text = lines.dropLast().joined(separator: "\n")
        let json = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        let failure = json?["failure"] as? [String: Any]
        return (Int(lines.last ?? "") ?? 0, failure?["code"] as? String ?? "", text + ran.errors)
    }
}

extension TestBed {
    /// Statements in CQL, one after the other, at consistency ALL.
    func cql(_ statements: [String]) async throws {
        let script = """
            import sys
            from cassandra import ConsistencyLevel
            from cassandra.cluster import Cluster, ExecutionProfile, EXEC_PROFILE_DEFAULT
            profile = ExecutionProfile(request_timeout=60, consistency_level=ConsistencyLevel.ALL)
            cluster = Cluster(sys.argv[1].split(","), port=int(sys.argv[2]), protocol_version=4, execution_profiles={EXEC_PROFILE_DEFAULT: profile}, connect_timeout=30)
            session = cluster.connect()
            for statement in sys.argv[3:]:
                session.execute(statement)
            cluster.shutdown()
            """
        let ran = try await Subprocess.run(
            try await Self.python(), ["-W", "ignore", "-c", script, nodes.map(\.address).joined(separator: ","), "\(nodes[0].cqlPort)"] + statements)
        guard ran.status == 0 else { throw TestBedError(description: "cql: \(ran)") }
    }

    /// Our own snapshots that are left on any node.
    var ownSnapshots: [String] { nodes.flatMap { node in snapshots(node).filter { $0.hasPrefix("aeneas-") }.map { "\(node.address) \($0)" } } }

    /// Tells a simulated node to fail, to be slow, …
    func control(_ address: String, _ words: String...) async throws { try await tool("control", address, words) }

    /// Until every node is up and normal in the others' eyes again.
    func waitUntilWhole(_ master: Master) async throws {
        for _ in 0..<90 {
            if try await master.aeneas("cluster", "refresh", "prod").status == 0 { return }
            try await Task.sleep(for: .seconds(1))
        }
        throw TestBedError(description: "the cluster is not whole again: \(try await master.aeneas("cluster", "refresh", "prod"))")
    }
}

extension TestBed.Description.Node {
    var pid: Int32? {
        (try? String(contentsOfFile: home + "/cassandra.pid", encoding: .utf8)).flatMap {
            Int32($0.split(separator: " ").first?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "")
        }
    }

    /// The operator's own snapshot, not one of ours.
    func takeSnapshot(_ tag: String, of keyspace: String) throws {
        let jmx = try JMXConnection(host: jmxHost, port: jmxPort, credentials: nil, tls: nil, timeout: .seconds(30))
        defer { jmx.close() }
        _ = try jmx.invoke(
            "org.apache.cassandra.db:type=StorageService", "takeSnapshot", signature: ["java.lang.String", "java.util.Map", "[Ljava.lang.String;"],
            arguments: [.string(tag), .map([:]), .strings([keyspace])], timeout: .seconds(60))
    }

    /// Folders of tables, as `<data folder>/<keyspace>/<table>-<id>`.
    func tables(in keyspaces: [String]) -> [String] {
        dataFolders.flatMap { data in
            keyspaces.flatMap { keyspace in
                ((try? FileManager.default.contentsOfDirectory(atPath: "\(data)/\(keyspace)")) ?? []).map { "\(data)/\(keyspace)/\($0)" }
            }
        }
    }

    /// SSTables' `Data.db`, not those in snapshots.
    func dataFiles(of keyspace: String) -> [String] {
        tables(in: [keyspace]).flatMap { table in
            ((try? FileManager.default.contentsOfDirectory(atPath: table)) ?? []).filter { $0.hasSuffix("-Data.db") }.map { "\(table)/\($0)" }
        }
    }
}

/// Changes to a file as a failing disk would make them; `original` puts it back.
struct DamagedFile {
    let path: String
    let original: Data

    init(_ path: String) throws {
        self.path = path
        original = try Data(contentsOf: URL(fileURLWithPath: path))
    }

    func flipMiddle() throws {
        var bytes = original
        bytes[bytes.count / 2] ^= 0x10
        try overwrite(bytes)
    }

    func cutShort() throws { try overwrite(original.dropLast(original.count / 3)) }
    func remove() throws { try FileManager.default.removeItem(atPath: path) }

    func putBack() throws {
        guard FileManager.default.fileExists(atPath: path) else { return try original.write(to: URL(fileURLWithPath: path)) }
        try overwrite(original)
    }

    /// In place: a data file keeps its inode, and its hard links see the same.
    func overwrite(_ bytes: Data) throws {
        // An object in the store is read-only.
        chmod(path, 0o644)
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.truncate(atOffset: 0)
        try file.write(contentsOf: bytes)
        try file.close()
    }
}
