import BackupModel
import Catalog
import Foundation
@testable import Operations
import SQLite
import ScalarAdmin
import TestSupport
import Testing

/// Pauses by themselves, and what a killed master leaves.
@Suite(.serialized) struct PauseTests {
    static let application = ConsistentBackupTests.application

    private func ready() async throws -> (Bench, Master) {
        let bench = try Bench(nodes: 3), master = try bench.master()
        try await master.addApplication()
        try await master.setUp { $0.application = Self.application }
        return (bench, master)
    }

    private func finished(_ master: Master, _ id: PauseID, _ run: RunID) async throws -> (RunRecord, PauseRecord) {
        let ended = try await master.end(run)
        return (ended, try await master.catalog.pause(id))
    }

    private func waitUntilOpen(_ master: Master, _ id: PauseID) async throws {
        for _ in 0..<5000 {
            if let pause = try? await master.catalog.pause(id), pause.state == .paused { return }
            try await Task.sleep(for: .milliseconds(2))
        }
        Issue.record("the window never opened")
    }

    @Test("a pause that is held for a time keeps its window and the safe inner part of it")
    func held() async throws {
        let (bench, master) = try await ready()
        let (run, id) = try await master.operations.startPause(PauseRequest(application: Self.application, holdMilliseconds: 60))
        let (ended, pause) = try await finished(master, id, run.id)
        #expect(ended.state == .succeeded && pause.state == .ended && bench.application.paused == [])
        let window = try #require(pause.window)
        #expect(window.isConsistent && window.windowMicroseconds >= 60_000 && window.nodes == [])
        // Half a second off both ends leaves nothing of so short a one.
        #expect(window.safe == nil)
        #expect(try await master.isAtRest())
    }

    @Test("a pause around a command lasts until the command is over, and tells a failed one from a sound window", arguments: [0, 3])
    func command(_ status: Int) async throws {
        let (bench, master) = try await ready()
        let (run, id) = try await master.operations.startPause(PauseRequest(application: Self.application, byCommand: true))
        try await waitUntilOpen(master, id)
        #expect(bench.application.paused == bench.application.targets)
        try await master.operations.keepPause(id)
        try await master.operations.finishPause(id, exitStatus: status)
        let (ended, pause) = try await finished(master, id, run.id)
        #expect(ended.state == (status == 0 ? .succeeded : .failed) && ended.failure?.code == (status == 0 ? nil : "pause.command-failed"))
        #expect(pause.window?.isConsistent == true && bench.application.paused == [])
        let over = await failure { try await master.operations.keepPause(id) }
        #expect(over?.code == "pause.not-open")
    }

    @Test("a command that is heard of no more gives the pause up, and its window proves nothing")
    func silence() async throws {
        let (bench, master) = try await ready()
        let (run, id) = try await master.operations.startPause(PauseRequest(application: Self.application, byCommand: true))
        let (ended, pause) = try await finished(master, id, run.id)
        #expect(ended.failure?.code == "pause.command-silent" && pause.state == .ended && pause.window?.isConsistent == false && bench.application.paused == [])
    }

    @Test("a person ends a pause that somebody else holds, and by the application's name also what stands in no record")
    func endedByHand() async throws {
        let (bench, master) = try await ready()
        let (run, id) = try await master.operations.startPause(PauseRequest(application: Self.application, holdMilliseconds: 60_000))
        try await waitUntilOpen(master, id)
        let pause = try await master.operations.endPause(id)
        #expect(pause.state == .ended && bench.application.paused == [])
        #expect(try await master.catalog.run(run.id).failure?.code == "pause.ended-by-hand")
        for target in bench.application.targets { try bench.application.link(target).pause(waitSeconds: 1) }
        let before = try await master.operations.checkApplication(Self.application)
        #expect(before.targets.allSatisfy { $0.state == .paused })
        let after = try await master.operations.endPauses(of: Self.application)
        #expect(after.targets.allSatisfy { $0.state == .open } && bench.application.paused == [])
    }

    @Test("once an instance is to be opened, no Pause that had not begun goes there any more")
    func noPauseAfterOpening() async throws {
        let application = FakeApplication(), target = application.targets[0]
        let instance = ApplicationInstance(application.link(target), PauseJournal())
        instance.giveUpPausing()
        let answer = await instance.pause(waitSeconds: 1)
        #expect(throws: ScalarAdminError.self) { try answer.get() }
        #expect(application.calls == [] && !instance.wasSentPause && !instance.isBusy && !instance.mayPauseLate)
    }

    @Test("a pause whose instances still drain is ended at once when a person asks for it")
    func endedWhileDraining() async throws {
        let (bench, master) = try await ready()
        bench.application.enter(bench.application.targets[0])
        let (run, id) = try await master.operations.startPause(PauseRequest(application: Self.application, holdMilliseconds: 60_000))
        while bench.application.calls(.pause, of: bench.application.targets[0]).isEmpty { try await Task.sleep(for: .milliseconds(2)) }
        let ending = Task { try await master.operations.endPause(id) }
        // The cancelled run has opened all; what was under way may end now.
        while bench.application.calls(.unpause, of: bench.application.targets[1]).isEmpty { try await Task.sleep(for: .milliseconds(2)) }
        bench.application.leave(bench.application.targets[0])
        let pause = try await ending.value
        #expect(pause.state == .ended && pause.window == nil && bench.application.paused == [])
        #expect(try await master.catalog.run(run.id).state == .cancelled)
    }

    @Test("a catalogue that is locked when the instances are open again keeps neither the pause nor its instances for good")
    func lockedAtTheEnd() async throws {
        let bench = try Bench(nodes: 3), path = bench.newCataloguePath(), master = try bench.master(path)
        try await master.addApplication()
        let (run, id) = try await master.operations.startPause(PauseRequest(application: Self.application, byCommand: true))
        try await waitUntilOpen(master, id)
        let other = try Connection(path: path)
        try other.run("BEGIN IMMEDIATE")
        try await master.operations.finishPause(id, exitStatus: 0)
        while bench.application.paused != [] { try await Task.sleep(for: .milliseconds(2)) }
        // Longer than the catalogue waits for a lock.
        try await Task.sleep(for: .seconds(6))
        try other.run("ROLLBACK")
        _ = try await master.end(run.id)
        await master.operations.environment.pauseKeeper.wait(for: id)
        #expect(try await master.catalog.pause(id).state == .ended)
        let (next, _) = try await master.operations.startPause(PauseRequest(application: Self.application, holdMilliseconds: 10))
        #expect(try await master.end(next.id).state == .succeeded)
    }

    @Test("an instance that nobody listens at is no Pause given up: nothing is waited for", .timeLimit(.minutes(1)))
    func unreachableAtPause() async throws {
        let (bench, master) = try await ready(), gate = FakeGate()
        bench.cluster.on("flush", "10.0.0.1", times: 2, .hold(gate))
        let backup = try await master.startConsistently()
        try await gate.reached()
        bench.application.tell(bench.application.targets[2], .stop)
        gate.open()
        _ = try await master.end(backup.run)
        let codes = try await master.codes(of: backup.run)
        #expect(codes.contains("pause.failed") && !codes.contains("pause.watched-late"))
    }

    @Test("requests that make no sense are refused before anything is touched", arguments: [
        PauseRequest(application: application), PauseRequest(application: application, holdMilliseconds: 10, byCommand: true), PauseRequest(application: application, holdMilliseconds: 0),
        PauseRequest(application: application, holdMilliseconds: 4_000_000)
    ])
    func badRequests(_ request: PauseRequest) async throws {
        let (bench, master) = try await ready()
        let refused = await failure { try await master.operations.startPause(request) }
        #expect(refused?.code == "input.bad-request" && bench.application.calls == [])
    }

    @Test("settings of an application that cannot work are refused", arguments: ["none", "tls", "relative", "drain", "srv"])
    func badSettings(_ what: String) async throws {
        let (_, master) = try await ready()
        var settings = ApplicationSettings(targets: [try PauseTarget("10.0.0.1:60053")])
        switch what {
        case "none": settings.targets = []
        case "tls": settings.caFile = "/etc/ca.pem"
        case "relative": (settings.tls, settings.caFile) = (true, "ca.pem")
        case "drain": settings.drainSeconds = 0
        default: settings.services = ["-x y"]
        }
        let refused = await failure { try await master.operations.addApplication(ApplicationName("other"), settings) }
        #expect(refused?.code == (what == "srv" ? "input.bad-name" : "pause.bad-settings"))
    }

    @Test("a catalogue that cannot be written refuses before the first Pause")
    func catalogueFull() async throws {
        let (bench, master) = try await ready()
        bench.cluster.on("flush", "10.0.0.1", .hold(FakeGate.opened))
        await master.catalog.close()
        _ = try? await master.backUpConsistently()
        #expect(!bench.application.calls.contains { $0.name == .pause })
    }

    /// Kills the master at its calls in turn (each, or every ninth in the short run), before and after it, and starts it again: whatever it was about, the application
    /// ends open and nothing reads as running.
    @Test("a master killed at any call of a consistent backup leaves the application open after its next start (5)", arguments: CrashPoint.Side.allCases)
    func killedAnywhere(_ side: CrashPoint.Side) async throws {
        let isFull = ProcessInfo.processInfo.environment["AENEAS_TEST_FULL"] == "1"
        var number = isFull ? 1 : 3
        while true {
            let bench = try Bench(nodes: 2), master = try bench.master(crash: CrashPoint(number: number, side: side))
            let started = try await master.startedConsistently()
            guard let crash = master.crash, crash.happened else {
                #expect(started && number > 20, "the sweep ended at call \(number)")
                return
            }
            let next = try bench.master(crash.copy)
            try await next.operations.reconcile()
            for pause in try await next.catalog.openPauses() { await next.operations.environment.pauseKeeper.wait(for: pause.id) }
            for run in try await next.catalog.runs() { await next.operations.registry.wait(for: run.id) }
            #expect(bench.application.paused == [], "\(side) call \(number): \(crash.place)")
            #expect(try await next.catalog.openPauses() == [], "\(side) call \(number): \(crash.place)")
            #expect(try await next.isAtRest(), "\(side) call \(number): \(crash.place)")
            #expect(bench.operatorsTagsStand)
            number += isFull ? 1 : 9
        }
    }
}

extension Master {
    /// Everything from the registration to the end of a consistent backup; false when it was killed on the way.
    func startedConsistently() async throws -> Bool {
        do {
            try await addApplication { $0.drainSeconds = 1 }
            try await setUp { $0.application = ConsistentBackupTests.application }
            let run = try await backUpConsistently().run
            return run.state == .succeeded
        } catch {
            return false
        }
    }
}
