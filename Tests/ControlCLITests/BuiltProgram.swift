import Foundation
import Threads

/// `aeneas` as it was built, as a process of its own.
struct BuiltProgram {
    static let path: String? = {
        let beside = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appendingPathComponent("aeneas").path
        return FileManager.default.isExecutableFile(atPath: beside) ? beside : nil
    }()

    private static let pool = BlockingPool(width: 2)
    private let process = Process()
    private let output = Pipe(), errors = Pipe()

    init(_ arguments: [String]) throws {
        process.executableURL = URL(fileURLWithPath: Self.path ?? "")
        process.arguments = arguments
        process.environment = ["PATH": "/usr/bin:/bin"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = errors
        try process.run()
    }

    func firstLine() async -> String {
        let handle = output.fileHandleForReading
        return await (try? Self.pool.run {
            var line: [UInt8] = []
            while let byte = try handle.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") { line.append(byte) }
            return String(decoding: line, as: UTF8.self)
        }) ?? ""
    }

    func interrupt() { send(SIGINT) }
    func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    func end() async -> (status: Int32, errors: String) {
        let handle = errors.fileHandleForReading
        let text = await (try? Self.pool.run { String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self) }) ?? ""
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }
}
