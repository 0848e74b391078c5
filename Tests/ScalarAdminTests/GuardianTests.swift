import BackupModel
import Foundation
import ScalarAdmin
import Synchronization
import TestSupport
import Testing

/// A paused application, and a guardian that watches it on a thread of its own.
private final class Guarded: Sendable {
    let application: FakeApplication
    let guardian: PauseGuardian
    private let said = Said()
    private let result = Mutex<GuardResult?>(nil)

    init(deadlineSeconds: Int = 60, _ application: FakeApplication = FakeApplication(), change: (inout PauseGuardian.Timing) -> Void = { _ in }) throws {
        var timing = PauseGuardian.Timing()
        timing.firstPause = .milliseconds(5)
        timing.longestPause = .milliseconds(40)
        timing.watching = .milliseconds(50)
        change(&timing)
        self.application = application
        guardian = PauseGuardian(
            guardWork(application, deadlineSeconds: deadlineSeconds), open: { application.link($0) }, timing: timing, say: { [said] in said.add($0) })
        for target in application.targets { try application.link(target).pause(waitSeconds: 1) }
        Thread.detachNewThread { [self] in
            let ended = guardian.run()
            result.withLock { $0 = ended }
        }
    }

    func ended() throws -> GuardResult {
        for _ in 0..<10_000 {
            if let result = result.withLock({ $0 }) { return result }
            usleep(1000)
        }
        throw Unexpected(description: "the guardian does not end")
    }

    var isWatching: Bool { result.withLock { $0 == nil } }
    var notes: [Note] { said.all }
}

private final class Said: Sendable {
    private let notes = Mutex<[Note]>([])
    func add(_ note: Note) { notes.withLock { $0.append(note) } }
    var all: [Note] { notes.withLock { $0 } }
}

private func guardWork(_ application: FakeApplication, deadlineSeconds: Int = 60) -> GuardWork {
    GuardWork(
        pause: PauseID(unchecked: "01J9ZK00000000000000000000"), application: ApplicationName(unchecked: "shop"),
        access: PauseAccess(targets: application.targets, callSeconds: 1), deadlineSeconds: deadlineSeconds)
}

@Suite struct GuardianTests {
    @Test("it asks every instance before it watches, all at once")
    func reach() async throws {
        try await onOwnThread {
            let application = FakeApplication(["10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1", "10.0.0.4:1", "10.0.0.5:1"]), targets = application.targets
            try application.link(targets[1]).pause(waitSeconds: 1)
            application.tell(targets[2], .withoutCheck)
            application.tell(targets[3], .stop)
            application.tell(targets[4], .silent([.checkPaused]))
            let found = PauseGuardian(guardWork(application), open: { application.link($0) }, say: { _ in }).reach()
            #expect(found.map(\.target) == targets)
            #expect(found.map(\.answer) == [.success(false), .success(true), .success(nil), .failure(.unreachable("connection refused")), .failure(.deadline(seconds: 1))])
        }
    }

    @Test("released, it ends and touches nothing")
    func released() async throws {
        try await onOwnThread {
            let guarded = try Guarded()
            guarded.guardian.order(.released)
            #expect(try guarded.ended() == GuardResult(reason: "released", unpaused: []))
            #expect(guarded.application.paused == guarded.application.targets && guarded.application.calls.allSatisfy { $0.name == .pause })
        }
    }

    @Test("when the master falls silent it opens every instance")
    func masterSilent() async throws {
        try await onOwnThread {
            let guarded = try Guarded()
            usleep(50_000)
            #expect(guarded.isWatching && guarded.application.paused.count == 3)
            guarded.guardian.order(.masterSilent)
            #expect(try guarded.ended() == GuardResult(reason: "master-silent", unpaused: guarded.application.targets))
            #expect(guarded.application.paused.isEmpty && guarded.notes.map(\.code) == ["pause.master-silent"])
        }
    }

    @Test("at the deadline it opens every instance, whatever the master does")
    func deadline() async throws {
        try await onOwnThread {
            let began = ContinuousClock.now, guarded = try Guarded(deadlineSeconds: 1)
            #expect(try guarded.ended() == GuardResult(reason: "deadline", unpaused: guarded.application.targets))
            #expect(guarded.application.paused.isEmpty && began.duration(to: .now) >= .seconds(1))
        }
    }

    @Test("told to stop, it opens what is paused and what cannot say, and leaves the rest alone")
    func stopped() async throws {
        try await onOwnThread {
            let guarded = try Guarded(), targets = guarded.application.targets
            try guarded.application.link(targets[0]).unpause()
            guarded.application.tell(targets[2], .withoutCheck)
            guarded.guardian.order(.stopped)
            #expect(try guarded.ended() == GuardResult(reason: "stopped", unpaused: Array(targets[1...])))
            #expect(guarded.application.calls(.unpause, of: targets[0]).count == 1 && guarded.application.paused.isEmpty)
        }
    }

    @Test("an instance that is unreachable is tried until it is back, and complained about with the command that needs nothing of ours")
    func unreachable() async throws {
        try await onOwnThread {
            let guarded = try Guarded {
                $0.firstComplaint = .milliseconds(100)
                $0.complaintEvery = .milliseconds(300)
            }
            let application = guarded.application, target = application.targets[1]
            application.tell(target, .stop)
            guarded.guardian.order(.masterSilent)
            usleep(1_000_000)
            #expect(guarded.isWatching && application.isOpen(application.targets[0]) && application.isOpen(application.targets[2]))
            application.tell(target, .start)
            #expect(try guarded.ended().unpaused == application.targets)
            let complaints = guarded.notes.filter { $0.code == "pause.unpause-failed" }
            #expect((2...4).contains(complaints.count), "\(complaints.count)")
            #expect(complaints.allSatisfy { $0.level == .error && $0.text.contains(target.description) && $0.text.contains(commandByHand(unpause: target, tls: nil)) })
            #expect(guarded.notes.last?.text == "instance \(target) of application 'shop' is open again")
        }
    }

    @Test("a release ends even what it began to open and cannot")
    func releasedLate() async throws {
        try await onOwnThread {
            let guarded = try Guarded(), targets = guarded.application.targets
            guarded.application.tell(targets[0], .stop)
            guarded.guardian.order(.masterSilent)
            usleep(100_000)
            guarded.guardian.order(.released)
            guarded.guardian.order(.masterSilent)
            #expect(try guarded.ended() == GuardResult(reason: "master-silent", unpaused: Array(targets[1...])))
        }
    }
}
