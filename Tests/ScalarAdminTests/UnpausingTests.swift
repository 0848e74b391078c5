import BackupModel
import Foundation
import ScalarAdmin
import Synchronization
import TestSupport
import Testing

@Suite struct UnpausingTests {
    private func access(_ application: FakeApplication) -> PauseAccess { PauseAccess(targets: application.targets, callSeconds: 1) }

    private func unpausing(_ application: FakeApplication, watching: Duration = .zero) -> Unpausing {
        Unpausing(access: access(application), open: { application.link($0) }, firstPause: .milliseconds(5), longestPause: .milliseconds(40), watching: watching)
    }

    private func paused(_ application: FakeApplication) throws {
        for target in application.targets { try application.link(target).pause(waitSeconds: 1) }
    }

    @Test("all instances are opened and proven so with one Unpause each")
    func opens() async throws {
        try await onOwnThread {
            let application = FakeApplication()
            try paused(application)
            let outcomes = unpausing(application).run()
            #expect(outcomes.map(\.target) == application.targets && outcomes.allSatisfy { $0.isOpen && $0.isVerified && $0.attempts == 1 && $0.lastError == nil })
            #expect(application.paused.isEmpty)
        }
    }

    @Test("it tries again after a status, after an Unpause without effect, and when the instance is back")
    func triesAgain() async throws {
        try await onOwnThread {
            let application = FakeApplication(), targets = application.targets
            try paused(application)
            application.tell(targets[0], .fail(.unpause, .unavailable, times: 3))
            application.tell(targets[1], .ignoreUnpause(times: 2))
            application.tell(targets[2], .stop)
            let began = ContinuousClock.now
            Thread.detachNewThread {
                usleep(300_000)
                application.tell(targets[2], .start)
            }
            let outcomes = unpausing(application).run()
            #expect(outcomes.allSatisfy(\.isOpen) && outcomes[0].attempts == 4 && outcomes[1].attempts == 3 && outcomes[2].attempts > 2)
            #expect(outcomes[0].lastError == .status(.unavailable, message: "scripted"))
            #expect(began.duration(to: .now) >= .milliseconds(300))
            // Backing off: with 5, 10, 20 and then 40 ms in between there is no room for more.
            #expect(outcomes[2].attempts < 15)
        }
    }

    @Test("an instance that hangs holds up no other")
    func independent() async throws {
        try await onOwnThread {
            let application = FakeApplication(silenceSeconds: 2), targets = application.targets, opened = Mutex<[PauseTarget: ContinuousClock.Instant]>([:])
            try paused(application)
            application.tell(targets[0], .silent([.unpause]))
            Thread.detachNewThread {
                usleep(500_000)
                application.tell(targets[0], .normal)
            }
            let outcomes = unpausing(application).run(onOpen: { target in opened.withLock { $0[target] = .now } })
            let times = opened.withLock { $0 }
            #expect(!outcomes.contains { !$0.isOpen })
            for target in targets.dropFirst() { #expect(times[target]! + .milliseconds(1000) < times[targets[0]]!) }
        }
    }

    @Test("without CheckPaused the answer to Unpause has to do, and the outcome says so")
    func unverified() async throws {
        try await onOwnThread {
            let application = FakeApplication(["10.0.0.1:1"])
            try paused(application)
            application.tell(application.targets[0], .withoutCheck)
            let outcome = unpausing(application).run()[0]
            #expect(outcome.isOpen && !outcome.isVerified && application.paused.isEmpty)
        }
    }

    @Test("it gives up when told so, and names what is not open with the reason")
    func stops() async throws {
        try await onOwnThread {
            let application = FakeApplication(), calls = Mutex<[ScalarAdminCall]>([])
            try paused(application)
            application.tell(application.targets[1], .fail(.unpause, .internal, times: 1_000_000))
            let outcomes = unpausing(application).run(
                isStopped: { calls.withLock { calls in calls.filter { $0.outcome == "INTERNAL: scripted" }.count >= 3 } }, onCall: { call in calls.withLock { $0.append(call) } })
            #expect(outcomes.map(\.isOpen) == [true, false, true])
            #expect(outcomes[1].lastError == .status(.internal, message: "scripted") && outcomes[1].attempts == 3)
            #expect(application.paused == [application.targets[1]])
            #expect(calls.withLock { Set($0.filter { $0.target == application.targets[0] }.map(\.outcome)) } == ["ok", "open"])
        }
    }

    @Test("an instance that is paused again by a Pause that was still on its way is opened again while it is watched")
    func latePause() async throws {
        try await onOwnThread {
            let application = FakeApplication()
            try paused(application)
            let first = application.targets[0]
            let outcomes = unpausing(application, watching: .milliseconds(300)).run(onOpen: { target in
                if target == first { try? application.link(first).pause(waitSeconds: 1) }
            })
            #expect(outcomes.map(\.isOpen) == [true, true, true] && outcomes.map(\.attempts) == [2, 1, 1] && application.paused.isEmpty)
        }
    }

    @Test("one that ends while it is watched needs no opening")
    func endsWhileWatched() async throws {
        try await onOwnThread {
            let application = FakeApplication()
            try paused(application)
            Thread.detachNewThread {
                usleep(100_000)
                application.tell(application.targets[0], .stop)
            }
            #expect(!unpausing(application, watching: .milliseconds(500)).run().contains { !$0.isOpen })
        }
    }

    @Test("told to look first, it sends no Unpause to what is open")
    func looksFirst() async throws {
        try await onOwnThread {
            let application = FakeApplication(), targets = application.targets
            try application.link(targets[1]).pause(waitSeconds: 1)
            application.tell(targets[2], .withoutCheck)
            let outcomes = unpausing(application).run(looksFirst: true)
            #expect(outcomes.allSatisfy(\.isOpen) && outcomes.map(\.attempts) == [0, 1, 1])
        }
    }
}
