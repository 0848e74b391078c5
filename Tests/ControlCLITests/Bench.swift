import BackupModel
import ControlAPI
import ControlCLI
import Foundation
import HTTPServer
import Synchronization
import Threads

/// A master whose answers a test writes, on a Unix socket of its own, and the program run against it in this process.
final class Bench: Sendable {
    struct Outcome {
        var status: ProgramExit
        var output: String
        var errors: String
    }

    private let folder: URL
    private let server: HTTPServer
    private let seen: Seen
    private static let pool = BlockingPool(width: 4)

    private final class Seen: Sendable {
        let requests = Mutex<[HTTPRequest]>([])
    }

    /// Everything that a program printed, and what is typed at it.
    private final class Screen: Sendable {
        struct State {
            var output = "", errors = ""
            var typed: [String] = []
            var milliseconds = 0
        }
        let state = Mutex(State())
    }

    var socket: String { folder.appendingPathComponent("s").path }
    /// `POST /v1/backups`, in order.
    var requests: [String] { seen.requests.withLock { $0.map { "\($0.method) \($0.path)\($0.query.isEmpty ? "" : "?")\($0.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&"))" } } }
    var bodies: [String] { seen.requests.withLock { $0.map { String(decoding: $0.body, as: UTF8.self) } } }

    /// - Parameter answer: Gets each request with its number, from 0.
    init(_ answer: @escaping @Sendable (HTTPRequest, Int) -> HTTPResponse) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("cli-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let seen = Seen()
        self.seen = seen
        server = HTTPServer(listeners: [.unixSocket(path: folder.appendingPathComponent("s").path)]) { request in
            let number = seen.requests.withLock { requests in
                requests.append(request)
                return requests.count - 1
            }
            return answer(request, number)
        }
        try server.start()
    }

    func end() async {
        await server.stop(grace: .zero)
        try? FileManager.default.removeItem(at: folder)
    }

    /// - Parameters:
    ///   - typed: Lines that a person types; nil where there is no person.
    ///   - terminal: Size of the terminal that the output goes to.
    func run(_ arguments: String..., typed: [String]? = nil, terminal: (Int, Int)? = nil, patience: Int = 60_000) async throws -> Outcome {
        try await Bench.run(["--socket", socket] + arguments, typed: typed, terminal: terminal, patience: patience)
    }

    static func run(_ arguments: [String], typed: [String]? = nil, terminal: (Int, Int)? = nil, patience: Int = 60_000) async throws -> Outcome {
        let screen = Screen()
        screen.state.withLock { $0.typed = typed ?? [] }
        let status = try await pool.run {
            let console = Console(
                write: { text in screen.state.withLock { $0.output += text } }, writeError: { text in screen.state.withLock { $0.errors += text } },
                readLine: { screen.state.withLock { $0.typed.isEmpty ? nil : $0.typed.removeFirst() } }, isInteractive: typed != nil, terminalSize: { terminal },
                sleep: { milliseconds in screen.state.withLock { $0.milliseconds += milliseconds } }, uptimeMilliseconds: { screen.state.withLock { $0.milliseconds } })
            return AeneasProgram(version: "1.2.3", console: console, patienceMilliseconds: patience).run(arguments, environment: [:])
        }
        return screen.state.withLock { Outcome(status: status, output: $0.output, errors: $0.errors) }
    }
}

/// A bench for the length of `body`.
func withMaster(_ answer: @escaping @Sendable (HTTPRequest, Int) -> HTTPResponse, _ body: (Bench) async throws -> Void) async throws {
    let bench = try Bench(answer)
    do {
        try await body(bench)
    } catch {
        await bench.end()
        throw error
    }
    await bench.end()
}

func json(_ body: some Encodable, status: Int = 200) -> HTTPResponse { HTTPResponse(status: status, headers: ["content-type": "application/json"], body: .bytes(JSONText.encode(body))) }
func refusal(_ failure: Failure, status: Int = 400, run: RunID? = nil) -> HTTPResponse { json(FailureBody(failure: failure, run: run), status: status) }
/// Breaks off in the middle of the answer.
let broken = HTTPResponse(status: 200, body: .producer { writer in
    try await writer.write(Array("{".utf8))
    throw CancellationError()
})
