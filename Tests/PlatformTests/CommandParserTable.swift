import CommandParser
import Foundation
import Threads

/// A table with something of everything.
let sampleTable = CommandSpec(
    name: "sample", summary: "Try the parser's \"parts\"", discussion: ".A line that begins with a dot.\n\nA back\\slash, and 'quotes'.",
    options: [
        .value("output", short: "o", as: "FORMAT", type: .choice(["text", "json"]), default: "text", environment: "SAMPLE_OUTPUT", help: "form of the result"),
        .flag("verbose", short: "v", repeats: true, help: "say more: [each] time"),
        .flag("quiet", short: "q", environment: "SAMPLE_QUIET", help: "say nothing"),
    ],
    subcommands: [
        CommandSpec(
            name: "backup", summary: "Work with backups",
            subcommands: [
                CommandSpec(
                    name: "start", summary: "Take a backup",
                    options: [
                        .value("store", short: "s", as: "NAME", required: true, help: "where it goes"),
                        .value("keep", as: "TIME", type: .duration, help: "how long it is kept"),
                        .value("part-size", as: "BYTES", type: .byteCount, help: "size of one part"),
                        .value("width", as: "N", type: .integer, help: "transfers at once"),
                        .value("tag", as: "TAG", repeats: true, help: "a label"),
                        .value("config", short: "c", as: "FILE", type: .path, help: "settings"),
                    ],
                    operands: [OperandSpec("cluster", help: "which cluster"), OperandSpec("table", required: false, repeats: true, help: "only these tables")],
                    exitCodes: [ExitCode(0, "done"), ExitCode(64, "usage")],
                    examples: [CommandExample("sample backup start --store prod c1", "A backup of c1")]
                ),
                CommandSpec(
                    name: "list", summary: "Show backups",
                    operands: [OperandSpec("state", type: .choice(["complete", "failed"]), required: false, help: "only these")]
                ),
            ]
        ),
        CommandSpec(name: "exec", summary: "Run a command", passthrough: "command"),
    ],
    version: "sample 1.2"
)

/// Runs a program to its end, off Swift's own threads, where waiting for it could starve what it waits for.
enum ProgramRun {
    struct Outcome: Sendable {
        var code: Int32
        var output: String
        var errors: String
    }

    private static let pool = BlockingPool(width: 300)

    /// The first of the usual folders that has `name`.
    static func find(_ name: String) -> String? {
        ["/usr/bin/", "/bin/", "/usr/local/bin/"].map { $0 + name }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Input and output are files: a pipe's ends would be inherited by what other tests start meanwhile, and stay open for as long as that runs.
    static func run(_ path: String, _ arguments: [String], input: String = "") async throws -> Outcome {
        try await pool.run {
            let folder = try ScratchFolder()
            let files = try (input: folder.write(input, to: "input"), output: folder.write("", to: "output"), errors: folder.write("", to: "errors"))
            let process = Process()
            process.executableURL = URL(fileURLWithPath: path)
            process.arguments = arguments
            process.standardInput = FileHandle(forReadingAtPath: files.input)
            process.standardOutput = FileHandle(forWritingAtPath: files.output)
            process.standardError = FileHandle(forWritingAtPath: files.errors)
            try process.run()
            process.waitUntilExit()
            let texts = try [files.output, files.errors].map { String(decoding: try Data(contentsOf: URL(fileURLWithPath: $0)), as: UTF8.self) }
            return Outcome(code: process.terminationStatus, output: texts[0], errors: texts[1])
        }
    }

    static func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value { try await pool.run(body) }
}

/// A new folder, removed with everything in it when the value goes.
final class ScratchFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("aeneas-" + UUID().uuidString.prefix(8)).path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
        return "\(path)/\(name)"
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
