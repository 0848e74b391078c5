import BackupModel
import Catalog
import CommandParser
import ControlServer
import Crypto
import Foundation
import HTTPServer
import Logging
import MasterConfiguration
import ObjectStoreDrivers
import Operations
import ScalarAdmin
import SSHDispatch
import Threads

/// The master: wires configuration, catalogue, SSH, stores and REST together, and runs until it is told to stop.
@main
struct Aeneasd {
    static let version = ProductVersion.current

    static func main() async {
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), [rlimit(rlim_cur: 0, rlim_max: 0)])
        raiseFileLimit()
        signal(SIGPIPE, SIG_IGN)
        umask(0o077)
        // What this program starts of itself beside a pause; it takes no settings and opens no catalogue.
        if CommandLine.arguments.dropFirst().first == "guard" {
            // Otherwise `exe`, after the file that it was started from.
            try? "aeneasd-guard".write(toFile: "/proc/self/comm", atomically: false, encoding: .utf8)
            exit(GuardianProcess.run())
        }
        let environment = ProcessInfo.processInfo.environment, command = MasterConfiguration.command(version: version)
        switch command.parse(arguments: Array(CommandLine.arguments.dropFirst()), environment: environment) {
        case .failure(let error): exit(complain(error.message, hint: error.hint, code: 64))
        case .success(let invocation) where invocation.action == .help: print(command.help(for: invocation.path, width: 100) ?? "")
        case .success(let invocation) where invocation.action == .version: print("aeneasd \(version)")
        case .success(let invocation): exit(await start(invocation, environment))
        }
    }

    /// To what the system allows: each node's connection takes some, and a login's 1024 would end at a few hundred nodes.
    private static func raiseFileLimit() {
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(kind, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(kind, &limit)
    }

    private static func start(_ invocation: Invocation, _ environment: [String: String]) async -> Int32 {
        do {
            let configuration = try MasterConfiguration.read(invocation, environment: environment) { path in
                FileManager.default.fileExists(atPath: path) ? Array(try Data(contentsOf: URL(fileURLWithPath: path))) : nil
            }
            if invocation.path == ["config", "check"] {
                for setting in MasterConfiguration.settings { print("\(setting.name): \(configuration.value(of: setting.name))  # \(configuration.sources[setting.name] ?? "")") }
                return 0
            }
            return try await run(configuration)
        } catch let error as ConfigurationError {
            return complain(error.description, hint: error.hint, code: 64)
        } catch {
            let failure = Failure(error)
            return complain(failure.description, hint: failure.hint, code: 1, stable: failure.code)
        }
    }

    private static func run(_ configuration: MasterConfiguration) async throws -> Int32 {
        let log = Log(
            level: LogLevel(rawValue: configuration.logLevel) ?? .info, format: Log.Format(rawValue: configuration.logFormat) ?? .text,
            withPriority: Log.standardErrorIsJournal(environment: ProcessInfo.processInfo.environment))
        let stop = StopSignals()
        let operations = Operations(environment: try environment(configuration, log))
        let server = try server(operations, configuration, log)
        // Before anybody can ask: nothing reads as running that is not.
        try await operations.reconcile()
        try server.start()
        log.notice("aeneasd \(version) is up", ["socket": configuration.socket, "tcp": server.port.map { "\($0)" } ?? "none"])
        let name = await stop.next()
        log.notice("stopping", ["signal": name])
        // First what may hold an application paused; callers that wait are let go after.
        await operations.registry.suspendAll()
        await server.stop(grace: .seconds(5))
        await operations.environment.pauseKeeper.suspend()
        await operations.environment.catalog.close()
        log.notice("stopped")
        return 0
    }

    private static func environment(_ configuration: MasterConfiguration, _ log: Log) throws -> OperationsEnvironment {
        try PrivateFolder.prepare(configuration.stateFolder)
        let binary = try AgentFile.find(configuration.agent)
        var limits = OperationLimits()
        limits.jobLeaseSeconds = ProcessInfo.processInfo.environment["AENEASD_JOB_LEASE_SECONDS"].flatMap { Int($0) } ?? limits.jobLeaseSeconds
        let pool = BlockingPool(width: 16)
        return OperationsEnvironment(
            catalog: try Catalog.open(path: configuration.catalogue), dispatch: SSHDispatch(knownHosts: configuration.knownHosts, agent: binary), openStore: { try openStore($0) },
            clock: { Timestamp(milliseconds: Int((Date().timeIntervalSince1970 * 1000).rounded(.down))) }, random: { randomBytes($0) }, log: log, pool: pool, pausing: pausing(configuration, pool, log),
            limits: limits)
    }

    private static func pausing(_ configuration: MasterConfiguration, _ pool: BlockingPool, _ log: Log) -> PauseEnvironment {
        PauseEnvironment(
            openLink: { ScalarAdminConnection($0, $1) }, resolve: { try $0.resolve() }, guards: ProcessGuards(pool: pool, log: log), folder: configuration.stateFolder + "/window")
    }

    private static func server(_ operations: Operations, _ configuration: MasterConfiguration, _ log: Log) throws -> HTTPServer {
        let token = try configuration.listen.map { _ in try TokenFile.readOrMake(configuration.tokenFile) }
        let control = ControlServer(
            operations: operations, version: version, defaults: .init(sshUser: configuration.sshUser, sshKeyFile: configuration.sshKey), token: token, log: log)
        var listeners = [HTTPListener.unixSocket(path: configuration.socket, group: configuration.socketGroup)]
        if let listen = configuration.listen { listeners.append(.tcp(address: listen.address, port: listen.port)) }
        return HTTPServer(listeners: listeners, refusal: { ControlServer.refusal($0) }, handler: { await control.respond(to: $0) })
    }

    private static func complain(_ text: String, hint: String?, code: Int32, stable: String? = nil) -> Int32 {
        let lines = ["error: \(text)"] + (hint.map { ["HINT: \($0)"] } ?? []) + (stable.map { ["code: \($0)"] } ?? [])
        FileHandle.standardError.write(Data((lines.joined(separator: "\n") + "\n").utf8))
        return code
    }
}
