import Foundation

/// The nodes of `deploy/testbed`, as its testbed.json describes them.
struct TestBed: Sendable {
    struct Description: Codable, Sendable {
        struct Node: Codable, Sendable {
            var number: Int
            var address: String
            var sshPort: Int
            var hostKeyFingerprint: String
            var jmxHost: String
            var jmxPort: Int
            var cqlPort: Int
            var home: String
            var dataFolders: [String]
            var commitLog: String
            var hints: String
            var savedCaches: String
            var cdcRaw: String
        }

        var kind: String
        var release: String
        var clusterName: String
        var sshUser: String
        var sshKey: String
        var nodes: [Node]
        var stopCommand: [String]
        var startCommand: [String]
    }

    let folder: String
    let description: Description

    static let repository = ProcessInfo.processInfo.environment["AENEAS_ROOT"]
        ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
    static let tool = repository + "/deploy/testbed"

    /// `AENEAS_TEST_RELEASE` chooses another release of Cassandra than the test bed's own default.
    static var release: String { ProcessInfo.processInfo.environment["AENEAS_TEST_RELEASE"] ?? "5.0.6" }

    init(describedBy path: String) throws {
        folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        description = try JSONDecoder().decode(Description.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }

    static func up(nodes: Int = 3, simulated: Bool = false) async throws -> TestBed {
        let folder = NSTemporaryDirectory() + "/aeneas-bed-\(UUID().uuidString.prefix(8))"
        Cleanup.shared.add { _ = try? blocking(tool, ["down", folder]) }
        let ran = try await Subprocess.run(tool, ["up", folder, "--nodes", "\(nodes)", "--prefix", freePrefix(), "--release", release] + (simulated ? ["--simulated"] : []))
        guard ran.status == 0 else { throw TestBedError(description: "deploy/testbed up: \(ran)") }
        return try TestBed(describedBy: folder + "/testbed.json")
    }

    /// Each test bed of a test process has loopback addresses of its own.
    private static func freePrefix() -> String { "127.\(Int.random(in: 20...250)).\(Int.random(in: 0...250))" }

    var isSimulated: Bool { description.kind == "simulated" }
    var nodes: [Description.Node] { description.nodes }

    @discardableResult
    func tool(_ verb: String, _ address: String, _ more: [String] = []) async throws -> Ran {
        let ran = try await Subprocess.run(Self.tool, [verb, folder, address] + more)
        guard ran.status == 0 else { throw TestBedError(description: "deploy/testbed \(verb) \(address): \(ran)") }
        return ran
    }

    func rows(_ action: String, _ state: String? = nil, only: String? = nil, consistency: String = "QUORUM") async throws -> Ran {
        let interpreter = try await Self.python()
        let script = Self.repository + "/Tests/IntegrationTests/rows.py"
        return try await Subprocess.run(
            interpreter,
            [script, action] + (state.map { [$0] } ?? []) + ["--hosts", nodes.map(\.address).joined(separator: ","), "--port", "\(nodes[0].cqlPort)", "--consistency", consistency, "--release", description.release]
                + (only.map { ["--only", $0] } ?? []))
    }
}

extension TestBed {
    /// A Python that has cassandra-driver.
    static func python() async throws -> String {
        if let given = ProcessInfo.processInfo.environment["AENEAS_PYTHON"] { return given }
        let ran = try await Subprocess.run(repository + "/deploy/setup", ["python"])
        guard ran.status == 0, let path = ran.output.split(separator: "\n").last else { throw TestBedError(description: "deploy/setup python: \(ran)") }
        return String(path)
    }
}

struct TestBedError: Error, CustomStringConvertible { let description: String }

private func blocking(_ program: String, _ arguments: [String]) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
}

/// What has to be undone when the test process ends, however its tests did.
final class Cleanup: @unchecked Sendable {
    static let shared = Cleanup()
    private let lock = NSLock()
    private var actions: [() -> Void] = []

    private init() { atexit { Cleanup.shared.runAll() } }

    func add(_ action: @escaping @Sendable () -> Void) { lock.withLock { actions.append(action) } }

    private func runAll() {
        for action in lock.withLock({ actions.reversed() }) { action() }
    }
}
