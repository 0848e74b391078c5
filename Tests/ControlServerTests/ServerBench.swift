import BackupModel
import Catalog
import ControlAPI
import ControlServer
import Crypto
import Foundation
import HTTPClient
import HTTPServer
import Logging
import ObjectStoreDrivers
import Operations
import ScalarAdmin
import Synchronization
import TestSupport
import Threads

/// The real REST server on a Unix socket and on loopback, over a real catalogue and store; nodes are the fake cluster.
final class ServerBench: Sendable {
    static let token = "0123456789abcdef0123456789abcdef"
    let folder: URL
    let cluster: FakeCluster
    /// What can be paused: three instances.
    let application = FakeApplication()
    let operations: Operations
    let catalog: Catalog
    private let server: HTTPServer

    /// - Parameter token: nil: nothing is answered over TCP.
    init(token: String? = ServerBench.token) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("rest-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder.appendingPathComponent("store"), withIntermediateDirectories: true)
        cluster = FakeCluster(nodes: 3)
        catalog = try Catalog.open(path: folder.appendingPathComponent("catalogue.sqlite").path)
        let clock = TickingClock()
        let pausing = PauseEnvironment(
            openLink: { [application] target, _ in application.link(target) }, resolve: { $0.targets }, guards: NoGuards(), folder: folder.appendingPathComponent("window").path)
        var limits = OperationLimits()
        limits.pausePoll = .milliseconds(5)
        limits.unpauseProof = .milliseconds(300)
        limits.lateMargin = .milliseconds(20)
        operations = Operations(
            environment: OperationsEnvironment(
                catalog: catalog, dispatch: cluster, openStore: { try openStore($0) }, clock: { clock.now() }, random: { randomBytes($0) }, log: Log(level: .error, sink: LogSink(descriptor: -1)),
                pool: BlockingPool(width: 4), pausing: pausing, limits: limits))
        let control = ControlServer(
            operations: operations, version: "1.2.3", defaults: .init(sshUser: "aeneas", sshKeyFile: "/etc/aeneas/key"), token: token.map { Secret($0) }, log: Log(level: .error, sink: LogSink(descriptor: -1)))
        server = HTTPServer(
            listeners: [.unixSocket(path: folder.path + "/s.sock"), .tcp(address: "127.0.0.1", port: 0)], refusal: { ControlServer.refusal($0) }, handler: { await control.respond(to: $0) })
        try server.start()
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func stop() async {
        await server.stop(grace: .zero)
        await operations.registry.suspendAll()
        await operations.environment.pauseKeeper.suspend()
        await catalog.close()
    }

    /// One bench, stopped at the end whatever happens.
    static func with(token: String? = ServerBench.token, _ body: (ServerBench) async throws -> Void) async throws {
        let bench = try ServerBench(token: token)
        do { try await body(bench) } catch {
            await bench.stop()
            throw error
        }
        await bench.stop()
    }

    struct Answer: Sendable {
        let status: Int
        let body: [UInt8]
        let fields: [HTTPClient.HTTPField]

        func decoded<Body: Decodable>(_ type: Body.Type = Body.self) throws -> Body {
            guard (200..<300).contains(status) else { throw try JSONText.decode(FailureBody.self, from: body).failure }
            return try JSONText.decode(type, from: body)
        }
        /// `status code` of a refusal.
        var refusal: String { "\(status) \((try? JSONText.decode(FailureBody.self, from: body))?.failure.code ?? "not a failure")" }
    }

    /// Over the Unix socket, or over TCP with these header fields.
    func send(_ method: String, _ path: String, _ body: [UInt8]? = nil, tcp fields: [HTTPClient.HTTPField]? = nil) async throws -> Answer {
        let socket = folder.path + "/s.sock", port = server.port ?? 0
        return try await onOwnThread {
            var options = HTTPOptions()
            options.version = .http1
            if fields == nil { options.unixSocket = socket }
            let base = fields == nil ? "http://localhost" : "http://127.0.0.1:\(port)"
            let answer = try HTTPConnection(options).send(HTTPClient.HTTPRequest(method, base + path, fields: fields ?? [], body: body.map { .bytes($0) } ?? .none))
            return Answer(status: answer.status, body: answer.body, fields: answer.head.fields)
        }
    }

    func get<Body: Decodable>(_ path: String, as type: Body.Type = Body.self) async throws -> Body { try await send("GET", path).decoded() }
    func post<Body: Decodable>(_ path: String, _ body: some Encodable, as type: Body.Type = Body.self) async throws -> Body { try await send("POST", path, JSONText.encode(body)).decoded() }
    func post<Body: Decodable>(_ path: String, as type: Body.Type = Body.self) async throws -> Body { try await send("POST", path, []).decoded() }

    // MARK: what most tests begin with

    var storeBody: StoreBody {
        var body = StoreBody(name: StoreName(unchecked: "main"), kind: .folder)
        body.path = folder.appendingPathComponent("store").path
        return body
    }

    var addBody: ClusterAddBody {
        var settings = ClusterSettingsBody()
        settings.store = StoreName(unchecked: "main")
        return ClusterAddBody(name: ClusterName(unchecked: "prod"), contact: HostAddress(unchecked: "10.0.0.1"), settings: settings, acceptNewHostKeys: false)
    }

    func setUp() async throws {
        _ = try await post("/v1/stores", storeBody, as: StoreBody.self)
        _ = try await post("/v1/clusters", addBody, as: ClusterBody.self)
    }

    var applicationBody: ApplicationAddBody {
        var settings = ApplicationSettingsBody()
        settings.targets = application.targets
        return ApplicationAddBody(name: ApplicationName(unchecked: "shop"), settings: settings)
    }

    func startBackup() async throws -> RunStartedBody { try await post("/v1/backups", BackupStartBody(cluster: ClusterName(unchecked: "prod"))) }

    /// Waits by the server's own long poll.
    func end(_ run: RunID) async throws -> RunBody {
        var after = 0
        while true {
            let body: RunBody = try await get("/v1/runs/\(run)?after=\(after)&wait=30")
            if body.isOver { return try await get("/v1/runs/\(run)") }
            after = body.events.last?.number ?? after
        }
    }
}

/// Guardians that watch over nothing: the real ones are processes, with tests of their own.
private struct NoGuards: PauseGuards {
    private struct None: PauseGuard {
        let isAlive = true
        let unreached: [PauseTarget: String] = [:]
        func release() async {}
    }
    func start(_ work: GuardWork) async throws -> any PauseGuard { None() }
}

/// Goes on a millisecond whenever somebody looks at it.
private final class TickingClock: Sendable {
    private let time = Mutex(Timestamp("2026-11-24T14:55:01.250Z")!)

    func now() -> Timestamp {
        time.withLock { time in
            time = time.advanced(by: 1)
            return time
        }
    }
}
