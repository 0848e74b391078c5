package import BackupModel
import Foundation
package import Glibc
import ScalarAdmin
import Synchronization

/// Instances of an application on Python's grpcio, `deploy/bed/scalar_admin.py`, in a process of their own. It ends with this object, or with the test process.
package final class ScalarAdminServer: Sendable {
    /// One line of the server's log.
    package struct Entry: Decodable, Sendable {
        /// Microseconds of the monotonic clock.
        package let us: Int
        package let port: Int
        /// `called`, `answered`, `given-up`, `reopened`, `started`, `stopped`, `died`.
        package let event: String
        /// As in `/rpc.Admin/Pause`.
        package let call: String?
        package let status: String?
        /// Whether the gate was open when the call was answered.
        package let open: Bool?
        /// The request's fields by number.
        package let fields: [String: Int]?
        package let authority: String?
        /// Seconds until the caller's deadline.
        package let deadline: Double?
    }

    package let targets: [PauseTarget]
    package let pid: pid_t
    private let logFile: String
    private let commands: Int32
    private let answers: Mutex<LineInput>

    /// - Parameter certificates: The instances speak TLS with the server certificate of these.
    package init(instances: Int = 1, certificates: TestCertificates? = nil, ports: [Int] = []) throws {
        logFile = FileManager.default.temporaryDirectory.appending(path: "aeneas-scalar-admin-\(UUID().uuidString).log").path
        var arguments = [Self.repository + "/deploy/bed/scalar_admin.py", "--log", logFile, "--instances", "\(max(instances, ports.count))"]
        arguments += ports.flatMap { ["--port", "\($0)"] }
        if let certificates { arguments += ["--tls-cert", certificates.certificate, "--tls-key", certificates.key] }
        let process = Process(), input = Pipe(), output = Pipe()
        process.executableURL = URL(fileURLWithPath: try Self.python())
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        // grpcio tells of every cut connection otherwise, and its threads and fork do not go together.
        process.environment = ProcessInfo.processInfo.environment.merging(["GRPC_VERBOSITY": "NONE", "PYTHONDONTWRITEBYTECODE": "1"]) { $1 }
        try process.run()
        pid = process.processIdentifier
        commands = dup(input.fileHandleForWriting.fileDescriptor)
        _ = fcntl(commands, F_SETFD, FD_CLOEXEC)
        var lines = LineInput(descriptor: dup(output.fileHandleForReading.fileDescriptor))
        guard let first = lines.next(), let started = try? JSONDecoder().decode(Started.self, from: Data(first.utf8)) else {
            throw ServerError(description: "deploy/bed/scalar_admin.py did not start: is grpcio in \(try Self.python())?")
        }
        targets = started.instances.map { PauseTarget(host: HostAddress(unchecked: "127.0.0.1"), port: $0.port) }
        answers = Mutex(lines)
    }

    deinit {
        kill(pid, SIGKILL)
        close(commands)
        answers.withLock { _ = close($0.descriptor) }
        unlink(logFile)
    }

    /// KILL, STOP or CONT, to all instances at once.
    package func signal(_ number: Int32) { kill(pid, number) }

    /// Gives one of the script's commands, and returns its answer.
    @discardableResult
    package func obey(_ target: PauseTarget, _ words: String...) throws -> String { try obey(target, words) }

    fileprivate func obey(_ target: PauseTarget, _ words: [String]) throws -> String {
        let line = Array("\(target.port) \(words.joined(separator: " "))\n".utf8)
        return try answers.withLock { answers in
            guard write(commands, line, line.count) == line.count, let answer = answers.next() else { throw ServerError(description: "scalar_admin.py is gone") }
            guard !answer.hasPrefix("error: ") else { throw ServerError(description: "\(words): \(answer)") }
            return answer
        }
    }

    package func instance(_ target: PauseTarget, _ access: PauseAccess) -> any ScalarAdminInstance { Instance(server: self, target: target, access: access) }

    /// What came to one instance so far, or to all.
    package func log(of target: PauseTarget? = nil) throws -> [Entry] {
        try String(contentsOfFile: logFile, encoding: .utf8).split(separator: "\n").map { try JSONDecoder().decode(Entry.self, from: Data($0.utf8)) }
            .filter { target == nil || $0.port == target?.port }
    }

    private struct Started: Decodable {
        struct Instance: Decodable { let port: Int }
        let instances: [Instance]
    }

    static let repository =
        ProcessInfo.processInfo.environment["AENEAS_ROOT"]
        ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized.path

    private static let interpreter = Result { () throws -> String in
        if let given = ProcessInfo.processInfo.environment["AENEAS_PYTHON"] { return given }
        let process = Process(), output = Pipe()
        process.executableURL = URL(fileURLWithPath: repository + "/deploy/setup")
        process.arguments = ["python"]
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0, let path = text.split(separator: "\n").last else { throw ServerError(description: "deploy/setup python failed") }
        return String(path)
    }

    /// A Python that has grpcio.
    package static func python() throws -> String { try interpreter.get() }

    package struct ServerError: Error, CustomStringConvertible { package let description: String }
}

private struct Instance: ScalarAdminInstance {
    let server: ScalarAdminServer
    let target: PauseTarget
    let access: PauseAccess

    func link() -> any ScalarAdminLink { ScalarAdminConnection(target, access) }
    var isOpen: Bool { get throws { try server.obey(target, ["state"]).contains(#""open": true"#) } }
    func tell(_ behaviour: InstanceBehaviour) throws { _ = try server.obey(target, behaviour.words) }
}

extension InstanceBehaviour {
    fileprivate var words: [String] {
        switch self {
        case .normal: ["normal"]
        case .slowDrain(let seconds): ["slow-drain", "\(seconds)"]
        case .failingDrain: ["failing-drain"]
        case .silent(let names): ["silent"] + names.map(\.method)
        case .delay(let name, let seconds): ["delay", name.method, "\(seconds)"]
        case .fail(let name, let status, let times): ["fail", name.method, status.description, "\(times)"]
        case .dieBeforePause: ["die", "before-pause"]
        case .dieAfterPause: ["die", "after-pause"]
        case .reopen(let milliseconds): ["reopen", "\(milliseconds)"]
        case .ignoreUnpause(let times): ["ignore-unpause", "\(times)"]
        case .withoutCheck: ["without-check"]
        case .stop: ["stop"]
        case .start: ["start"]
        case .restart: ["restart"]
        }
    }
}

extension PauseCall.Name {
    fileprivate var method: String {
        switch self {
        case .pause: "Pause"
        case .unpause: "Unpause"
        case .checkPaused: "CheckPaused"
        }
    }
}

/// Lines of a pipe.
private struct LineInput {
    let descriptor: Int32
    private var buffer: [UInt8] = []

    init(descriptor: Int32) {
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    /// nil at the end.
    mutating func next() -> String? {
        while true {
            if let end = buffer.firstIndex(of: 10) {
                defer { buffer.removeSubrange(...end) }
                return String(decoding: buffer[..<end], as: UTF8.self)
            }
            var piece = [UInt8](repeating: 0, count: 4096)
            let count = read(descriptor, &piece, piece.count)
            guard count > 0 else { return nil }
            buffer += piece.prefix(count)
        }
    }
}
