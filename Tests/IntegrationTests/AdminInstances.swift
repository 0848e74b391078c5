import Foundation
import Testing

/// Instances of an application on Python's grpcio (`deploy/bed/scalar_admin.py`), told what to do by lines and asked by their log.
///
/// `@unchecked Sendable`: its pipes are used under the lock.
final class AdminInstances: @unchecked Sendable {
    /// A line of the log. `us` is by the monotonic clock of this host.
    struct Entry: Decodable, Sendable, CustomStringConvertible {
        var us: Int
        var port: Int
        var event: String
        var call: String?
        var status: String?
        var description: String { "\(us) \(port) \(event) \(call ?? "") \(status ?? "")" }
    }

    let ports: [Int]
    private let log: String
    private let process = Process()
    private let input = Pipe(), output = Pipe()
    private let lock = NSLock()

    init(_ count: Int = 3) async throws {
        log = NSTemporaryDirectory() + "/aeneas-instances-\(UUID().uuidString.prefix(8)).jsonl"
        process.executableURL = URL(fileURLWithPath: try await TestBed.python())
        process.arguments = [TestBed.repository + "/deploy/bed/scalar_admin.py", "--log", log, "--instances", "\(count)"]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        struct Described: Decodable {
            struct Instance: Decodable { var port: Int }
            var instances: [Instance]
        }
        ports = try JSONDecoder().decode(Described.self, from: Data(Self.line(output.fileHandleForReading).utf8)).instances.map(\.port)
        Cleanup.shared.add { [log] in try? FileManager.default.removeItem(atPath: log) }
    }

    /// It ends with its input, which a test process that dies closes as well.
    deinit {
        try? input.fileHandleForWriting.close()
        try? FileManager.default.removeItem(atPath: log)
    }

    var targets: [String] { ports.map { "127.0.0.1:\($0)" } }

    @discardableResult
    func tell(_ words: String) throws -> String { try tell(nil, words) }

    /// - Parameter port: nil: all of them.
    @discardableResult
    func tell(_ port: Int?, _ words: String) throws -> String {
        let answer = try lock.withLock {
            try input.fileHandleForWriting.write(contentsOf: Data("\(port.map { "\($0)" } ?? "*") \(words)\n".utf8))
            return try Self.line(output.fileHandleForReading)
        }
        guard !answer.hasPrefix("error") else { throw TestBedError(description: "\(words): \(answer)") }
        return answer
    }

    var entries: [Entry] {
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { try? JSONDecoder().decode(Entry.self, from: Data($0.utf8)) }
    }

    /// How many calls of that kind have come so far.
    func calls(_ call: String, at port: Int? = nil) -> Int { entries.filter { $0.event == "called" && $0.call == call && (port == nil || $0.port == port) }.count }

    /// Whether each gate is open, by port.
    func open() throws -> [Int: Bool] {
        struct State: Decodable { var open: Bool }
        return try Dictionary(uniqueKeysWithValues: ports.map { ($0, try JSONDecoder().decode(State.self, from: Data(try tell($0, "state").utf8)).open) })
    }

    func areAllOpen() throws -> Bool { try open().values.allSatisfy { $0 } }

    func waitUntilOpen(seconds: Double = 60, _ location: SourceLocation = #_sourceLocation) async throws {
        _ = try await eventually("all instances open", seconds: seconds) { try areAllOpen() ? true : nil }
    }

    /// Until every one has answered to Pause with OK, and to CheckPaused after it.
    func waitUntilPaused(after mark: Int = 0) async throws {
        _ = try await eventually("all instances paused") { () -> Bool? in
            let answered = entries.dropFirst(mark).filter { $0.event == "answered" && $0.status == "OK" }
            let paused = answered.filter { $0.call == "Pause" }
            guard Set(paused.map(\.port)) == Set(ports), let last = paused.map(\.us).max() else { return nil }
            return Set(answered.filter { $0.call == "CheckPaused" && $0.us > last }.map(\.port)) == Set(ports) ? true : nil
        }
    }

    /// Microseconds of the monotonic clock at which the last of them answered its first OK to an Unpause after `since`.
    func opened(since: Int) throws -> Int {
        let answers = ports.map { port in entries.first { $0.port == port && $0.us >= since && $0.event == "answered" && $0.call == "Unpause" && $0.status == "OK" }?.us }
        guard !answers.contains(nil), let last = answers.compactMap({ $0 }).max() else {
            throw TestBedError(description: "not every instance was sent Unpause: \(entries.suffix(40))")
        }
        return last
    }

    static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
    }

    private static func line(_ handle: FileHandle) throws -> String {
        var bytes: [UInt8] = [], byte: UInt8 = 0
        while read(handle.fileDescriptor, &byte, 1) == 1 {
            if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(byte)
        }
        throw TestBedError(description: "the instances' process has ended")
    }
}
