@testable import AgentCore
import BackupModel
import Foundation

/// A real `aeneas-agent serve`, run from the bench's agent folder.
final class ServeClient {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var frames = AgentFrameReader()

    /// Beside the test bundle; nil when it was not built.
    static let binary: String? = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        let bundle = CommandLine.arguments.firstIndex(of: "--test-bundle-path").map { CommandLine.arguments[$0 + 1] } ?? own
        return [bundle, own].map { ($0 as NSString).deletingLastPathComponent + "/aeneas-agent" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    static func install(_ bench: AgentBench) throws -> String {
        let path = bench.agent.path + "/aeneas-agent"
        // A link: the copy of a program takes longer than most tests.
        if !FileManager.default.fileExists(atPath: path), link(binary!, path) != 0 { try FileManager.default.copyItem(atPath: binary!, toPath: path) }
        return path
    }

    init(_ bench: AgentBench) throws {
        process.executableURL = URL(fileURLWithPath: try Self.install(bench))
        process.arguments = ["serve"]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    var pid: pid_t { process.processIdentifier }

    func send(_ request: AgentRequest) throws { try send(AgentFrame.encode(JSONText.encode(request))) }
    func send(_ bytes: [UInt8]) throws { try input.fileHandleForWriting.write(contentsOf: Data(bytes)) }

    /// Nil when the agent has ended.
    func next() throws -> AgentEvent? {
        while true {
            if let body = try frames.next() { return try JSONText.decode(AgentEvent.self, from: body) }
            let bytes = output.fileHandleForReading.availableData
            guard !bytes.isEmpty else { return nil }
            frames.feed(bytes)
        }
    }

    func ask(_ request: AgentRequest, _ event: (AgentEvent) -> Void = { _ in }) throws -> AgentResult {
        try send(request)
        while let next = try next() {
            switch next {
            case .result(let result): return result
            case .failed(let failure): throw failure
            default: event(next)
            }
        }
        throw Failed(text: "the agent ended")
    }

    func follow(_ id: JobID, after: Int = 0, _ event: (Int, JobEvent) -> Void = { _, _ in }) throws -> JobResult {
        guard case .jobEnded(let outcome) = try ask(.followJob(id, after: after), { if case .job(let number, let entry) = $0 { event(number, entry) } }) else { throw Failed(text: "no end") }
        switch outcome {
        case .succeeded(let result): return result
        case .failed(let failure): throw failure
        }
    }

    /// Ends its stdin.
    ///
    /// - Returns: The exit status.
    func close() throws -> Int32 {
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
