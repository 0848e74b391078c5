package import BackupModel
import Foundation

/// A real S3 server, started for the first test that asks and shared by all of the process.
package struct RadosGateway: Decodable, Sendable {
    package let endpoint: String
    package let tlsEndpoint: String
    /// Vouches for `tlsEndpoint`.
    package let caFile: String
    package let accessKey: String
    package let secretKey: String
    package let region: String
    package let bucket: String

    package static let absence: String = "Ceph's packages are not installed: deploy/setup s3"
    private static let given = ProcessInfo.processInfo.environment["AENEAS_RADOSGW"]

    /// False where Ceph's programs are not installed and no running server is named by `AENEAS_RADOSGW`.
    package static let isInstalled =
        given != nil
        || ["ceph", "ceph-mon", "ceph-osd", "radosgw", "radosgw-admin"].allSatisfy { name in
            ["/usr/bin/", "/usr/local/bin/"].contains { FileManager.default.isExecutableFile(atPath: $0 + name) }
        }

    private static let shared = Result { try start() }

    /// Starting takes some ten seconds, for the first that asks.
    package static func running() async throws -> RadosGateway { try await onOwnThread { try shared.get() } }

    package func access(prefix: String, tls: Bool = false) throws -> S3Access {
        S3Access(endpoint: tls ? tlsEndpoint : endpoint, region: region, bucket: bucket, prefix: prefix, accessKey: accessKey, secretKey: secretKey, caPEM: tls ? try String(contentsOfFile: caFile, encoding: .utf8) : nil)
    }

    private static func start() throws -> RadosGateway {
        if let given { return try read(given) }
        let folder = FileManager.default.temporaryDirectory.appending(path: "aeneas-radosgw-\(UUID().uuidString)").path
        let command = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../deploy/radosgw").standardized.path
        let up = Process()
        let log = Pipe()
        up.executableURL = URL(fileURLWithPath: command)
        up.arguments = ["up", folder]
        up.standardInput = FileHandle.nullDevice
        up.standardOutput = FileHandle.nullDevice
        up.standardError = log
        try up.run()
        let text = String(decoding: log.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        up.waitUntilExit()
        guard up.terminationStatus == 0 else { throw DidNotStart(description: text) }
        try takeDownAfterUs(command, folder)
        return try read(folder + "/radosgw.json")
    }

    private static func read(_ path: String) throws -> RadosGateway {
        try JSONDecoder().decode(RadosGateway.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }
}
