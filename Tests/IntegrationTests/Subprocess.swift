import Foundation

/// A program run to its end, its output kept.
struct Ran: Sendable, CustomStringConvertible {
    var status: Int32
    var output: String
    var errors: String
    var description: String { "exit \(status)\n\(output)\n\(errors)" }
}

enum Subprocess {
    /// - Parameter timeoutSeconds: After it the program is ended, first by TERM, and what it printed is returned with its status.
    static func run(_ program: String, _ arguments: [String], environment: [String: String] = [:], timeoutSeconds: Int = 600) async throws -> Ran {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        var all = ProcessInfo.processInfo.environment
        all["AWS_CA_BUNDLE"] = nil
        all.merge(environment) { _, new in new }
        process.environment = all
        process.standardInput = FileHandle.nullDevice
        // Files, not pipes: a program that outlives the one we started may keep a pipe open.
        let folder = try TemporaryFolder()
        let out = try folder.file("out"), err = try folder.file("err")
        process.standardOutput = out
        process.standardError = err
        // Weak: a cancelled item stays in its queue until its time, with all that it holds. A thousand open descriptors later Foundation's `Process.run` reads past
        // the end of its listing of them, and the tests die.
        let deadline = DispatchWorkItem { [weak process] in process?.terminate() }
        let status: Int32 = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
            DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(timeoutSeconds), execute: deadline)
        }
        deadline.cancel()
        try out.close()
        try err.close()
        return Ran(status: status, output: try folder.text("out"), errors: try folder.text("err"))
    }
}

/// A folder of its own that goes with the value.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array((NSTemporaryDirectory() + "/aeneas-integration-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
        path = String(cString: template)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) throws -> FileHandle {
        FileManager.default.createFile(atPath: "\(path)/\(name)", contents: nil)
        guard let handle = FileHandle(forWritingAtPath: "\(path)/\(name)") else { throw CocoaError(.fileNoSuchFile) }
        return handle
    }

    func text(_ name: String) throws -> String { String(decoding: try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")), as: UTF8.self) }
}
