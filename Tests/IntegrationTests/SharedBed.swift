import Foundation
import TestSupport

/// One test bed, started with the first test that needs it and stopped with the test process; real nodes are shared with other targets' tests.
/// Tests that use it run one at a time and leave the cluster whole.
actor SharedBed {
    static let cassandra = SharedBed()
    static let simulated = SharedBed(simulated: true)
    private let simulated: Bool
    private var starting: Task<TestBed, any Error>?

    init(simulated: Bool = false) { self.simulated = simulated }

    func bed() async throws -> TestBed {
        if let starting { return try await starting.value }
        let task = Task { [simulated] in
            guard !simulated else { return try await TestBed.up(simulated: true) }
            return try TestBed(describedBy: try await onOwnThread { try RunningNodes.description() })
        }
        starting = task
        return try await task.value
    }
}

/// A radosgw of its own, started by `deploy/radosgw` with the first test that needs one.
actor SharedGateway {
    struct Description: Codable, Sendable {
        var endpoint: String
        var tlsEndpoint: String
        var caFile: String
        var accessKey: String
        var secretKey: String
        var region: String
        var bucket: String
    }

    static let shared = SharedGateway()
    private var starting: Task<Description, any Error>?

    func description() async throws -> Description {
        if let starting { return try await starting.value }
        let task = Task { () throws -> Description in
            if let given = ProcessInfo.processInfo.environment["AENEAS_RADOSGW"] { return try Self.read(given) }
            let folder = NSTemporaryDirectory() + "/aeneas-rgw-\(UUID().uuidString.prefix(8))", tool = TestBed.repository + "/deploy/radosgw"
            Cleanup.shared.add {
                let process = Process()
                process.executableURL = URL(fileURLWithPath: tool)
                process.arguments = ["down", folder]
                process.standardError = FileHandle.nullDevice
                guard (try? process.run()) != nil else { return }
                process.waitUntilExit()
            }
            let ran = try await Subprocess.run(tool, ["up", folder])
            guard ran.status == 0 else { throw TestBedError(description: "deploy/radosgw up: \(ran)") }
            return try Self.read(folder + "/radosgw.json")
        }
        starting = task
        return try await task.value
    }

    private static func read(_ path: String) throws -> Description { try JSONDecoder().decode(Description.self, from: Data(contentsOf: URL(fileURLWithPath: path))) }
}

extension Master {
    /// Adds a store of a kind under that name: a fresh folder, or the gateway's bucket with a fresh prefix.
    func addStore(_ kind: String, as name: String) async throws -> Ran {
        if kind == "folder" {
            let path = folder + "/store-\(name)"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            return try await aeneas("store", "add", name, "--folder", path)
        }
        let gateway = try await SharedGateway.shared.description(), credentials = folder + "/credentials-\(name)"
        try writeCredentials(gateway.accessKey, gateway.secretKey, to: credentials)
        return try await aeneas(
            "store", "add", name, "--s3", "--endpoint", gateway.tlsEndpoint, "--ca", gateway.caFile, "--bucket", gateway.bucket, "--region", gateway.region, "--prefix", "test-\(UUID().uuidString.lowercased().prefix(8))",
            "--credentials", credentials)
    }

    func writeCredentials(_ accessKey: String, _ secretKey: String, to path: String) throws {
        let text = "[default]\naws_access_key_id = \(accessKey)\naws_secret_access_key = \(secretKey)\n"
        FileManager.default.createFile(atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
    }
}
