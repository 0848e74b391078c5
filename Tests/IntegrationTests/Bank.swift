import BackupModel
import Foundation
import Testing

/// `deploy/bank`: an application with transactions of its own over a test bed, and over PostgreSQL when it has one.
final class Bank: Sendable {
    let bed: TestBed
    let postgres: PostgreSQL?
    let folder: String
    static let expireSeconds = 3
    static let tool = TestBed.repository + "/deploy/bank"

    /// Fresh tables with fresh accounts; those of an earlier one go.
    init(_ bed: TestBed, _ postgres: PostgreSQL? = nil) async throws {
        self.bed = bed
        self.postgres = postgres
        folder = NSTemporaryDirectory() + "/aeneas-bank-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        Cleanup.shared.add { [folder] in try? FileManager.default.removeItem(atPath: folder) }
        try await drop()
        try requireDone(try await run("create"))
    }

    /// Everything of it is lost, schema and all.
    func drop() async throws { try requireDone(try await run("drop")) }

    func startTransfers() async throws -> Transfers { try await Transfers(self, arguments("run")) }

    /// What `bank check` finds of the data as it is now, which it completes first.
    func check(_ transfers: Transfers, from start: Timestamp, to end: Timestamp) async throws -> Verdict {
        let ran = try await run("check", ["--acks"] + transfers.described.acks + ["--window", start.description, end.description])
        guard [0, 1].contains(ran.status), let verdict = try? JSONDecoder().decode(Verdict.self, from: Data(ran.output.utf8)) else { throw TestBedError(description: "bank check: \(ran)") }
        try #require(verdict.ok == (ran.status == 0))
        return verdict
    }

    struct Verdict: Decodable, CustomStringConvertible {
        struct Check: Decodable {
            var ok: Bool
            var wrong: [String]
        }

        var ok: Bool
        var failed: [String]
        var checks: [String: Check]
        /// Transfers acknowledged before the window, and begun after it.
        var acknowledgedBefore: Int
        var after: Int
        /// Records that lazy recovery had to complete.
        var completed: Int

        var description: String {
            "\(acknowledgedBefore) transfers before, \(after) after, \(completed) records completed" + checks.sorted { $0.key < $1.key }.flatMap { name, check in check.wrong.map { "\n\(name): \($0)" } }.joined()
        }
    }

    private func run(_ action: String, _ more: [String] = []) async throws -> Ran {
        try await Subprocess.run(try await TestBed.python(), try await arguments(action) + more, environment: ["PYTHONDONTWRITEBYTECODE": "1"])
    }

    private func arguments(_ action: String) -> [String] {
        ["-W", "ignore", Self.tool, action, "--bed", bed.folder, "--expire", "\(Self.expireSeconds)"] + (postgres.map { ["--postgres", $0.file] } ?? [])
            + (action == "run" ? ["--work", folder + "/run-\(UUID().uuidString.prefix(8))"] : [])
    }
}

/// Three instances of the bank, each a process with a gate, that transfer money until they are stopped.
final class Transfers: @unchecked Sendable {
    struct Described: Decodable {
        var targets: [String]
        var pids: [Int32]
        var acks: [String]
    }

    let described: Described
    private let process: Process
    private let log: String

    init(_ bank: Bank, _ arguments: [String]) async throws {
        let process = Process(), work = arguments[arguments.firstIndex(of: "--work")! + 1], log = work + ".log"
        process.executableURL = URL(fileURLWithPath: try await TestBed.python())
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(["PYTHONDONTWRITEBYTECODE": "1"]) { _, new in new }
        process.standardInput = FileHandle.nullDevice
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        process.standardOutput = FileHandle(forWritingAtPath: log)
        process.standardError = process.standardOutput
        try process.run()
        Cleanup.shared.add { if process.isRunning { process.terminate() } }
        self.process = process
        self.log = log
        described = try await eventually("a bank that works: \(log)") {
            guard process.isRunning else { throw TestBedError(description: "the bank ended: \((try? String(contentsOfFile: log, encoding: .utf8)) ?? "")") }
            return (try? Data(contentsOf: URL(fileURLWithPath: work + "/bank.json"))).flatMap { try? JSONDecoder().decode(Described.self, from: $0) }
        }
    }

    deinit { if process.isRunning { process.terminate() } }

    /// Returns once at least so many more are acknowledged.
    func acknowledge(_ count: Int) async throws {
        let wanted = acknowledged + count
        _ = try await eventually("\(wanted) acknowledged transfers", seconds: 180) { acknowledged >= wanted ? true : nil }
    }

    private var acknowledged: Int {
        described.acks.reduce(0) { sum, path in sum + ((try? String(contentsOfFile: path, encoding: .utf8))?.components(separatedBy: "\"ACKED\"").count ?? 1) - 1 }
    }

    /// Every transfer is ended first.
    func stop() async throws {
        process.terminate()
        do {
            _ = try await eventually("the bank's end") { process.isRunning ? nil : true }
        } catch {
            kill(process.processIdentifier, SIGKILL)
            throw error
        }
        try #require(process.terminationStatus == 0, "\((try? String(contentsOfFile: log, encoding: .utf8)) ?? "")")
    }
}

/// A PostgreSQL of its own (`deploy/bank postgres`), stopped and removed with the test process.
struct PostgreSQL: Sendable {
    let file: String

    static let isPossible: Bool = {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "ls /usr/lib/postgresql/*/bin/initdb || command -v initdb"]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    init() async throws {
        let file = NSTemporaryDirectory() + "/aeneas-postgres-\(UUID().uuidString.prefix(8)).json", python = try await TestBed.python()
        self.file = file
        Cleanup.shared.add {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: python)
            process.arguments = [Bank.tool, "postgres", "down", file]
            process.standardError = FileHandle.nullDevice
            guard (try? process.run()) != nil else { return }
            process.waitUntilExit()
        }
        _ = try await run("up")
    }

    /// The words that write a dump of it to standard output.
    func dumpCommand() async throws -> String { try await run("dump-command").trimmingCharacters(in: .whitespacesAndNewlines) }

    /// Everything that it held is lost.
    func forget() async throws { _ = try await run("forget") }
    /// Into the empty database.
    func load(_ dump: String) async throws { _ = try await run("load", dump) }

    private func run(_ verb: String, _ more: String...) async throws -> String {
        let ran = try await Subprocess.run(try await TestBed.python(), [Bank.tool, "postgres", verb, file] + more, environment: ["PYTHONDONTWRITEBYTECODE": "1"])
        try requireDone(ran)
        return ran.output
    }
}
