import Foundation

/// Cassandra nodes that run, for all tests of this process: those of the testbed.json that `AENEAS_TESTBED` names; or else three of `AENEAS_TEST_RELEASE`, brought up for the first
/// test that asks and down after the process. Their tests run one at a time and leave the nodes as they found them.
package enum RunningNodes {
    private static let environment = ProcessInfo.processInfo.environment
    private static let given = environment["AENEAS_TESTBED"]
    private static let release = environment["AENEAS_TEST_RELEASE"] ?? "5.0.6"
    private static let tool = (environment["AENEAS_ROOT"] ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized.path) + "/deploy/testbed"

    /// Why there are none, or nil.
    package static let unavailable: String? = given != nil || (try? run(["find", "--release", release]))?.status == 0 ? nil : "no Cassandra can be had on this machine"

    /// The path of their testbed.json. Bringing them up takes most of a minute and blocks, for the first that asks.
    package static func description() throws -> String { try shared.get() }

    private static let shared = Result { try up() }

    private static func up() throws -> String {
        if let given { return given }
        let folder = FileManager.default.temporaryDirectory.appending(path: "aeneas-bed-\(UUID().uuidString.prefix(8))").path
        // Each test bed has loopback addresses of its own.
        let prefix = "127.\(Int.random(in: 20...250)).\(Int.random(in: 0...250))"
        let ran = try run(["up", folder, "--prefix", prefix, "--release", release])
        guard ran.status == 0 else { throw DidNotStart(description: ran.messages) }
        try takeDownAfterUs(tool, folder)
        return folder + "/testbed.json"
    }

    private static func run(_ arguments: [String]) throws -> (status: Int32, messages: String) {
        let process = Process()
        let log = Pipe()
        process.executableURL = URL(fileURLWithPath: tool)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = log
        try process.run()
        let messages = String(decoding: log.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, messages)
    }
}

struct DidNotStart: Error, CustomStringConvertible { let description: String }
