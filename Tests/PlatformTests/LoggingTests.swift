import Foundation
import Glibc
import Logging
import Testing

@Suite("Log") struct LoggingTests {
    /// A log into a file, and what it wrote.
    private final class Capture {
        let folder: ScratchFolder
        let handle: FileHandle
        let path: String

        init() throws {
            folder = try ScratchFolder()
            path = try folder.write("", to: "log")
            handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        }

        func log(_ format: Log.Format = .text, level: LogLevel = .debug, withPriority: Bool = false) -> Log {
            Log(
                level: level, format: format, withPriority: withPriority, sink: LogSink(descriptor: handle.fileDescriptor),
                now: { .milliseconds(1_748_772_000_123) })
        }

        var text: String { get throws { try String(contentsOfFile: path, encoding: .utf8) } }
    }

    @Test("a line of text has time, level, message and fields")
    func text() throws {
        let capture = try Capture()
        capture.log().with(["cluster": "prod"]).info("backup started", ["nodes": 3, "name": "two words", "empty": ""])
        #expect(try capture.text == "2025-06-01T10:00:00.123Z info backup started cluster=prod nodes=3 name=\"two words\" empty=\"\"\n")
    }

    @Test("a line of JSON reads back as what was logged")
    func json() throws {
        let capture = try Capture()
        capture.log(.json).warning("a \"quote\"\n", ["path": "C:\\x\u{7}\u{1F600}\u{2028}", "count": 3, "ratio": 0.5, "ok": true, "not": Double.nan])
        let text = try capture.text
        #expect(text.filter { $0 == "\n" }.count == 1)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(object["message"] as? String == "a \"quote\"\n")
        #expect(object["path"] as? String == "C:\\x\u{7}\u{1F600}\u{2028}")
        #expect(object["count"] as? Int == 3)
        #expect(object["ok"] as? Bool == true)
        #expect(object["level"] as? String == "warning")
        #expect(object["not"] as? String == "nan")
    }

    @Test("no value can make a line of its own or drive the terminal", arguments: Log.Format.allCases)
    func injection(format: Log.Format) throws {
        let capture = try Capture()
        let hostile = "x\n2025 error forged\r\u{1b}[31m\u{0}\u{85}\u{202e}\u{2029}"
        capture.log(format).error(hostile, [hostile: hostile])
        let text = try capture.text
        #expect(text.unicodeScalars.filter { $0.properties.generalCategory == .control }.map(\.value) == [10])
        #expect(!text.unicodeScalars.contains { [0x202e, 0x2029].contains($0.value) })
    }

    @Test("messages below the level are not even made")
    func levels() throws {
        let capture = try Capture()
        let log = capture.log(level: .warning)
        func expensive() -> String {
            Issue.record("made")
            return ""
        }
        log.info(expensive())
        log.error("seen")
        #expect(try capture.text.contains("error seen"))
    }

    @Test("under the journal each line starts with its priority")
    func priority() throws {
        let capture = try Capture()
        let log = capture.log(withPriority: true)
        log.info("a")
        log.error("b")
        let lines = try capture.text.split(separator: "\n")
        #expect(lines.map { $0.prefix(3) } == ["<6>", "<3>"])
        #expect(!Log.standardErrorIsJournal(environment: [:]))
        #expect(!Log.standardErrorIsJournal(environment: ["JOURNAL_STREAM": "1:1"]))
    }

    @Test("lines of many tasks do not mix, through a pipe that is full")
    func concurrent() async throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let (reading, writing) = (FileHandle(fileDescriptor: ends[0], closeOnDealloc: true), FileHandle(fileDescriptor: ends[1], closeOnDealloc: true))
        let log = Log(sink: LogSink(descriptor: ends[1]))
        let filler = String(repeating: "x", count: 6000)
        async let received = ProgramRun.blocking { try reading.readToEnd() ?? Data() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask { try await ProgramRun.blocking { for line in 0..<50 { log.info("\(task)-\(line)", ["filler": filler, "end": "end"]) } } }
            }
            try await group.waitForAll()
        }
        try writing.close()
        let lines = String(decoding: try await received, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 400)
        #expect(lines.allSatisfy { $0.hasSuffix("filler=\(filler) end=end") })
    }

    @Test("a secret does not print itself")
    func secret() throws {
        let secret = Secret("hunter2")
        struct Holder { let token: Secret<String> }
        var dumped = ""
        dump(Holder(token: secret), to: &dumped)
        for text in [
            "\(secret)", String(describing: secret), String(reflecting: secret), "\(Holder(token: secret))", String(reflecting: Holder(token: secret)), dumped,
            "\([secret])", "\(Optional(secret) as Any)",
        ] {
            #expect(!text.contains("hunter2"), "\(text)")
            #expect(text.contains("<redacted>"))
        }
        #expect(secret.exposed == "hunter2")
        #expect(!((secret as Any) is any Encodable))
        let capture = try Capture()
        capture.log().info("login", ["password": secret])
        #expect(try capture.text.hasSuffix("password=<redacted>\n"))
    }
}
