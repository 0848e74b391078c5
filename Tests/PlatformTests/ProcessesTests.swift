import Foundation
import Glibc
import Processes
import Testing

@Suite struct ProcessesTests {
    private final class Bench {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("aeneas-processes-\(UUID().uuidString)").path
        init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: folder) }

        func text(_ name: String) -> String? { FileManager.default.contents(atPath: "\(folder)/\(name)").map { String(decoding: $0, as: UTF8.self) } }
        func file(_ name: String) -> Int32 { open("\(folder)/\(name)", O_RDWR | O_CREAT | O_CLOEXEC, 0o600) }

        /// Waits for a file with a whole line in it.
        func line(_ name: String) -> String? {
            for _ in 0..<1000 {
                if let text = text(name), text.hasSuffix("\n") { return String(text.dropLast()) }
                usleep(10_000)
            }
            return nil
        }
    }

    private var soon: Double { Monotonic.seconds + 60 }

    private func error(_ body: () throws -> Void) -> ProcessError? {
        do { try body() } catch { return error as? ProcessError }
        return nil
    }

    private func isThere(_ pid: pid_t) -> Bool {
        for _ in 0..<500 {
            // A dead one that its new parent has not taken away yet is no process any more.
            let state = FileManager.default.contents(atPath: "/proc/\(pid)/stat").map { String(decoding: $0, as: UTF8.self) }
            if state?.contains(") Z ") ?? true { return false }
            usleep(10_000)
        }
        return true
    }

    // MARK: a command

    @Test("no shell reads the words, and what a command says is kept")
    func words() throws {
        let command = try Command(["printf", "%s|", "$HOME", "a b", "; touch x"])
        #expect(command.wait(until: soon) == .exited(0))
        #expect(command.said == "$HOME|a b|; touch x|")
    }

    @Test("a status and a signal are told apart")
    func endings() throws {
        #expect(try Command(["sh", "-c", "exit 137"]).wait(until: soon) == .exited(137))
        #expect(try Command(["sh", "-c", "kill -9 $$"]).wait(until: soon) == .signalled(9))
    }

    @Test("a million bytes into a descriptor all arrive, and only errors are kept")
    func output() throws {
        let bench = try Bench(), file = bench.file("out")
        defer { close(file) }
        let command = try Command(["sh", "-c", "echo wrong >&2; head -c 1000000 /dev/zero; echo end"], output: file)
        #expect(command.wait(until: soon) == .exited(0))
        #expect(bench.text("out")?.utf8.count == 1_000_004 && bench.text("out")?.hasSuffix("end\n") == true)
        #expect(command.said == "wrong\n")
    }

    @Test("of a long output the last 4 KiB are kept, to the last byte")
    func lastWords() throws {
        let command = try Command(["sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x; echo the end"])
        #expect(command.wait(until: soon) == .exited(0))
        #expect(command.said.utf8.count == 4096 && command.said.hasSuffix("xthe end\n"))
    }

    @Test("out of time the whole group is ended, also what the program itself had started")
    func group() throws {
        let bench = try Bench(), command = try Command(["sh", "-c", "sleep 1000 & echo $! > \(bench.folder)/pid; wait"])
        let child = try #require(bench.line("pid").flatMap { pid_t($0) })
        #expect(command.wait(until: Monotonic.seconds) == .outOfTime)
        #expect(!isThere(child))
    }

    @Test("a group whose program is gone and whose rest ignores TERM is killed")
    func stubborn() throws {
        let bench = try Bench()
        let script = "trap 'exit 0' TERM; sh -c 'trap \"\" TERM; echo $$ > \(bench.folder)/pid; while :; do sleep 1; done' & wait"
        let command = try Command(["sh", "-c", script])
        let child = try #require(bench.line("pid").flatMap { pid_t($0) })
        #expect(command.wait(until: soon, isStopped: { true }) == .outOfTime)
        #expect(!isThere(child))
    }

    @Test("one that ends by itself may leave a daemon that keeps the output open: it lives on and is not waited for")
    func daemon() throws {
        let bench = try Bench(), command = try Command(["sh", "-c", "sleep 1000 & echo $! > \(bench.folder)/pid; echo started"])
        #expect(command.wait(until: soon) == .exited(0))
        #expect(command.said == "started\n")
        let child = try #require(bench.line("pid").flatMap { pid_t($0) })
        #expect(kill(child, SIGKILL) == 0)
    }

    @Test("what is added to the environment comes beside what is there, and before it")
    func environment() throws {
        setenv("AENEAS_PROCESSES_TEST", "old", 1)
        defer { unsetenv("AENEAS_PROCESSES_TEST") }
        let command = try Command(["sh", "-c", "echo $AENEAS_PROCESSES_TEST; test -n \"$PATH\""], environment: ["AENEAS_PROCESSES_TEST=new"])
        #expect(command.wait(until: soon) == .exited(0))
        #expect(command.said == "new\n")
    }

    @Test("what cannot be run says why")
    func refusals() {
        #expect(error { _ = try Command([]) } == .noProgram)
        #expect(error { _ = try Command([""]) } == .noProgram)
        #expect(error { _ = try Command(["true", "a\0b"]) } == .unusableWord("a\0b"))
        #expect(error { _ = try Command(["/no/such/program"]) } == .notStartable(program: "/no/such/program", reason: "no such file or directory"))
    }

    // MARK: a child

    /// What a child sees as its open descriptors.
    private func descriptors(_ files: [(Int32, ProcessFile)], _ bench: Bench) throws -> [String] {
        let script = "ls -l /proc/$$/fd > \(bench.folder)/seen"
        var status: Int32 = 0
        waitpid(try ChildProcess.start("sh", ["sh", "-c", script], files: files), &status, 0)
        return (bench.text("seen") ?? "").split(separator: "\n").compactMap { line in line.firstRange(of: " -> ").map { String(line[$0.upperBound...]) } }
    }

    @Test("a child has no descriptor but those named, whatever is open here")
    func closes() throws {
        let bench = try Bench(), leaky = open("\(bench.folder)/leaky", O_RDWR | O_CREAT, 0o600), named = bench.file("named")
        defer { for file in [leaky, named] { close(file) } }
        let seen = try descriptors([(0, .devNull), (5, .descriptor(named))], bench)
        #expect(seen.contains { $0.hasSuffix("/named") } && !seen.contains { $0.hasSuffix("/leaky") })
        #expect(seen.filter { $0 == "/dev/null" }.count == 3)
    }

    @Test("descriptors may change places")
    func swaps() throws {
        let bench = try Bench(), first = bench.file("first"), second = bench.file("second")
        defer { for file in [first, second] { close(file) } }
        let script = "echo to-first >&\(second); echo to-second >&\(first)"
        var status: Int32 = 0
        // bash: dash takes one digit only.
        waitpid(try ChildProcess.start("bash", ["bash", "-c", script], files: [(first, .descriptor(second)), (second, .descriptor(first))]), &status, 0)
        #expect(bench.text("first") == "to-first\n" && bench.text("second") == "to-second\n")
    }

    @Test("a session of its own is away from ours, and a file is appended to")
    func session() throws {
        let bench = try Bench()
        var status: Int32 = 0
        for _ in 0..<2 {
            let script = "test $(cut -d' ' -f6 /proc/$$/stat) = $$ && echo leads"
            waitpid(try ChildProcess.start("sh", ["sh", "-c", script], files: [(1, .appending("\(bench.folder)/log"))], ownGroup: true, ownSession: true), &status, 0)
        }
        #expect(bench.text("log") == "leads\nleads\n")
    }

    @Test("a program is found as it would be run")
    func finds() throws {
        let bench = try Bench()
        #expect(ChildProcess.find("sh").map { ["/bin/sh", "/usr/bin/sh"].contains($0) } == true)
        #expect(ChildProcess.find("/bin/sh") == "/bin/sh")
        for name in ["", "no-such-program", bench.folder, "/no/such/program"] { #expect(ChildProcess.find(name) == nil) }
    }

    // MARK: words

    @Test(
        "a line is split as a shell does, with nothing expanded",
        arguments: [
            ("", []), (" \t ", []), ("a  b", ["a", "b"]), ("'a b' \"c d\"e", ["a b", "c de"]), ("a\\ b", ["a b"]), ("'' \"\"", ["", ""]),
            ("'a\\b'", ["a\\b"]), ("\"a\\b\\\"\\$\\\\\"", ["a\\b\"$\\"]), ("a\\\nb", ["ab"]), ("a\nb", ["a", "b"]), ("$HOME * ; | #x", ["$HOME", "*", ";", "|", "#x"]), ("é'ü'", ["éü"]),
        ] as [(String, [String])])
    func splits(_ line: String, _ expected: [String]) throws { #expect(try Processes.words(of: line) == expected) }

    @Test("a line that ends too early is refused", arguments: ["'a", "\"a", "a\\", "\"a\\"])
    func endsEarly(_ line: String) { #expect(throws: ProcessError.self) { try Processes.words(of: line) } }
}
