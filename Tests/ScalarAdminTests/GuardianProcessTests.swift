import BackupModel
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import ScalarAdmin

/// A guardian's process on a thread, between two pipes; the test is its master.
private final class Piped: Sendable {
    let application: FakeApplication
    private let input: Mutex<Int32?>
    private let output: Mutex<LineReader>
    private let status = Mutex<Int32?>(nil)

    init(_ application: FakeApplication = FakeApplication(), silenceSeconds: Double = 60, deadlineSeconds: Int = 60, first: String? = nil) throws {
        var toGuardian: [Int32] = [-1, -1], fromGuardian: [Int32] = [-1, -1]
        guard pipe(&toGuardian) == 0, pipe(&fromGuardian) == 0 else { throw Unexpected(description: "no pipes") }
        self.application = application
        input = Mutex(toGuardian[1])
        output = Mutex(LineReader(fromGuardian[0]))
        var guardian = GuardianProcess()
        guardian.silenceSeconds = silenceSeconds
        guardian.takesSignals = false
        guardian.timing.watching = .milliseconds(20)
        guardian.open = { application.link($0) }
        let ends = (toGuardian[0], fromGuardian[1]), process = guardian
        Thread.detachNewThread { [self] in
            let ended = process.run(input: ends.0, output: ends.1)
            close(ends.1)
            status.withLock { $0 = ended }
        }
        let work = GuardWork(
            pause: PauseID(unchecked: "01J9ZK00000000000000000000"), application: ApplicationName(unchecked: "shop"),
            access: PauseAccess(targets: application.targets, callSeconds: 1), deadlineSeconds: deadlineSeconds)
        say(first ?? String(decoding: JSONText.encode(work), as: UTF8.self))
    }

    func say(_ line: String) { input.withLock { input in input.map { _ = writeLine(line, to: $0) } } }
    func hangUp() { input.withLock { input in input.take().map { _ = close($0) } } }

    func pauseAll() throws { for target in application.targets { try application.link(target).pause(waitSeconds: 1) } }

    /// The next message, within a generous while.
    func next() throws -> GuardMessage {
        guard case .line(let line) = output.withLock({ $0.next(until: monotonicSeconds() + 20) }), let message = GuardMessage(line) else {
            throw Unexpected(description: "no message")
        }
        return message
    }

    func result() throws -> GuardResult {
        while true { if case .result(let result) = try next() { return result } }
    }

    func ended() throws -> Int32 {
        for _ in 0..<10_000 {
            if let status = status.withLock({ $0 }) { return status }
            usleep(1000)
        }
        throw Unexpected(description: "it does not end")
    }
}

@Suite struct GuardianProcessTests {
    @Test("it says what it reaches, then watches, and a release ends it without a call")
    func released() async throws {
        try await onOwnThread {
            let piped = try Piped()
            #expect(try piped.next() == .ready(piped.application.targets.map { ReachedTarget($0, .success(false)) }))
            try piped.pauseAll()
            piped.say(".")
            piped.say("released")
            #expect(try piped.next() == .result(GuardResult(reason: "released", unpaused: [])))
            #expect(try piped.ended() == 0)
            #expect(piped.application.paused == piped.application.targets)
        }
    }

    @Test("the end of its input is the master's end: everything is opened at once")
    func endOfInput() async throws {
        try await onOwnThread {
            let piped = try Piped()
            _ = try piped.next()
            try piped.pauseAll()
            piped.hangUp()
            #expect(try piped.result() == GuardResult(reason: "master-silent", unpaused: piped.application.targets))
            #expect(piped.application.paused.isEmpty)
        }
    }

    @Test("a master that says nothing for a while counts as gone, one that beats does not")
    func silence() async throws {
        try await onOwnThread {
            let piped = try Piped(silenceSeconds: 0.6)
            _ = try piped.next()
            try piped.pauseAll()
            for _ in 0..<10 {
                piped.say(".")
                usleep(100_000)
            }
            #expect(piped.application.paused == piped.application.targets, "opened while the master was alive")
            #expect(try piped.result().reason == "master-silent")
            #expect(piped.application.paused.isEmpty)
        }
    }

    @Test("the deadline passes whatever the master says")
    func deadline() async throws {
        try await onOwnThread {
            let piped = try Piped(silenceSeconds: 60, deadlineSeconds: 1)
            _ = try piped.next()
            try piped.pauseAll()
            #expect(try piped.result() == GuardResult(reason: "deadline", unpaused: piped.application.targets))
        }
    }

    @Test("it tells what it cannot reach before it watches")
    func unreached() async throws {
        try await onOwnThread {
            let application = FakeApplication()
            application.tell(application.targets[1], .stop)
            application.tell(application.targets[2], .withoutCheck)
            let piped = try Piped(application)
            guard case .ready(let reached) = try piped.next() else { throw Unexpected(description: "not ready") }
            #expect(reached.map(\.state) == [.open, .unreachable, .unverifiable] && reached[1].detail == "unreachable: connection refused")
            piped.say("released")
            #expect(try piped.ended() == 0)
        }
    }

    @Test("without work it ends at once", arguments: ["", "hello", "{}"])
    func noWork(_ first: String) async throws {
        try await onOwnThread {
            let piped = try Piped(first: first)
            #expect(try piped.ended() == 1)
            #expect(piped.application.calls.isEmpty)
        }
    }

    @Test("a handle starts a process, hears from it, and hears of its end")
    func handle() async throws {
        try await onOwnThread {
            let application = FakeApplication()
            let work = GuardWork(
                pause: PauseID(unchecked: "01J9ZK00000000000000000000"), application: ApplicationName(unchecked: "shop"),
                access: PauseAccess(targets: application.targets, callSeconds: 1), deadlineSeconds: 60)
            let script = #"""
                read -r work; case $work in '{'*shop*) ;; *) exit 3 ;; esac
                echo 'ready [{"state":"open","target":"10.1.0.1:60053"},{"detail":"refused","state":"unreachable","target":"10.1.0.2:60053"}]'
                beats=0
                while read -r line; do case $line in .) beats=$((beats + 1)) ;; released) break ;; esac; done
                echo "note {\"level\":\"info\",\"text\":\"enough beats: $((beats > 2))\"}"
                echo 'result {"reason":"released","unpaused":[]}'
                """#
            let notes = Mutex<[Note]>([])
            let handle = try GuardianHandle.start(executable: "/bin/sh", program: ["guardian of shop", "-c", script], work: work, beatSeconds: 0.05) { note in notes.withLock { $0.append(note) } }
            #expect(Array(handle.unreached.keys) == [application.targets[1]] && handle.isAlive && getsid(handle.pid) == handle.pid)
            #expect(try String(contentsOfFile: "/proc/\(handle.pid)/cmdline", encoding: .utf8).hasPrefix("guardian of shop\0"))
            usleep(500_000)
            handle.release()
            #expect(!handle.isAlive && handle.result == GuardResult(reason: "released", unpaused: []))
            #expect(notes.withLock { $0.map(\.text) } == ["enough beats: 1"])
        }
    }

    @Test("a handle that goes without a release ends its guardian's input; a guardian that dies is noticed; one that does not begin is an error")
    func handleWithout() async throws {
        try await onOwnThread {
            let work = GuardWork(
                pause: PauseID(unchecked: "01J9ZK00000000000000000000"), application: ApplicationName(unchecked: "shop"),
                access: PauseAccess(targets: [try PauseTarget("10.0.0.1:1")], callSeconds: 1), deadlineSeconds: 60)
            let mark = FileManager.default.temporaryDirectory.appending(path: "aeneas-\(UUID().uuidString)").path
            defer { unlink(mark) }
            var handle: GuardianHandle? = try .start(program: ["/bin/sh", "-c", "echo 'ready []'; cat >/dev/null; echo over >\"$0\"", mark], work: work)
            #expect(handle?.isAlive == true)
            handle = nil
            try wait("the guardian hears the end") { access(mark, R_OK) == 0 }
            let mortal = try GuardianHandle.start(program: ["/bin/sh", "-c", "echo 'ready []'; exec sleep 60"], work: work)
            kill(mortal.pid, SIGKILL)
            try wait("its death is noticed") { !mortal.isAlive }
            for program in [["/bin/true"], ["/no/such/program"]] {
                let error = caught(GuardianError.self) { try GuardianHandle.start(program: program, work: work) }
                #expect(error?.failure.code == "pause.guardian-not-started")
            }
        }
    }

    private func wait(_ what: String, _ condition: () -> Bool) throws {
        for _ in 0..<10_000 {
            if condition() { return }
            usleep(1000)
        }
        throw Unexpected(description: "never: \(what)")
    }
}
