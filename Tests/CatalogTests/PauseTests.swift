import BackupModel
import Foundation
import SQLite
import Testing

@testable import Catalog

@Suite struct PauseTests {
    let fixture: Fixture
    let later = Fixture.start.advanced(by: 60_000)
    init() throws { fixture = try Fixture() }

    private let bank = ApplicationRecord(
        name: ApplicationName(unchecked: "bank"), settings: ApplicationSettings(targets: [Fixture.target(2)]), createdAt: Fixture.start)

    @Test("a target is in one pause at a time, whichever applications it belongs to, and a pause takes all of its targets or none")
    func locks() async throws {
        let catalog = try await fixture.filledWithPauses()
        try await catalog.addApplication(bank)
        let first = Fixture.pause(1, targets: [Fixture.target(1), Fixture.target(2)])
        let second = Fixture.pause(2, of: bank.name, targets: [Fixture.target(3), Fixture.target(2)])
        let third = Fixture.pause(3, of: bank.name, targets: [Fixture.target(3)])
        try await catalog.beginPause(first)
        let refusal = CatalogError.targetInUse(Fixture.target(2), by: first.id, run: first.run)
        #expect(refusal.failure.code == "pause.in-use" && refusal.failure.recovery == .retry)
        await #expect(throws: refusal) { try await catalog.beginPause(second) }
        await #expect(throws: CatalogError.unknown(.pause, second.id.rawValue)) { try await catalog.pause(second.id) }
        try await catalog.beginPause(third)
        // Open work keeps its targets, however far it has got.
        for state in [PauseState.paused, .unconfirmed] {
            try await catalog.setPause(first.id, state: state)
            await #expect(throws: refusal) { try await catalog.beginPause(Fixture.pause(4, targets: [Fixture.target(2)])) }
        }
        #expect(try await catalog.endPause(first.id, at: later))
        try await catalog.endPause(third.id, at: later)
        try await catalog.beginPause(second)
        #expect(try await catalog.openPauses().map(\.id) == [second.id])
    }

    @Test("the same host in another case is the same target")
    func hostCase() async throws {
        let catalog = try await fixture.filledWithPauses()
        try await catalog.beginPause(Fixture.pause(1, targets: [PauseTarget("db.example.com:60053")]))
        await #expect(throws: CatalogError.self) { try await catalog.beginPause(Fixture.pause(2, targets: [PauseTarget("DB.Example.COM:60053")])) }
        try await catalog.beginPause(Fixture.pause(2, targets: [PauseTarget("db.example.com:60054")]))
    }

    @Test("of many who begin a pause of a target at once exactly one does")
    func lockRace() async throws {
        let catalog = try await fixture.filledWithPauses()
        for number in UInt8(10)..<30 { try await catalog.beginRun(Fixture.run(number)) }
        let won = await withTaskGroup(of: Bool.self) { group in
            for number in UInt8(10)..<30 { group.addTask { (try? await catalog.beginPause(Fixture.pause(number, targets: [Fixture.target(1)]))) != nil } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(won == 1)
        #expect(try await catalog.pauses().count == 1)
    }

    @Test("a target that may still be at work on a Pause is refused until its time, and then taken")
    func settling() async throws {
        let catalog = try await fixture.filledWithPauses()
        var pause = Fixture.pause(1, targets: [Fixture.target(1), Fixture.target(2)])
        try await catalog.beginPause(pause)
        try await catalog.endPause(pause.id, at: Fixture.start, settling: [Fixture.target(1): later])
        pause = Fixture.pause(2, targets: [Fixture.target(1)])
        pause.intendedAt = later.advanced(by: -1)
        let refusal = CatalogError.targetSettling(Fixture.target(1), until: later)
        #expect(refusal.failure.code == "pause.settling" && refusal.failure.recovery == .retry)
        await #expect(throws: refusal) { try await catalog.beginPause(pause) }
        try await catalog.beginPause(Fixture.pause(3, targets: [Fixture.target(2)]))
        // An end without more to wait for takes nothing off the time.
        try await catalog.endPause(Fixture.pause(3, targets: []).id, at: later, settling: [Fixture.target(2): later, Fixture.target(1): Fixture.start])
        await #expect(throws: refusal) { try await catalog.beginPause(pause) }
        pause.intendedAt = later
        try await catalog.beginPause(pause)
    }

    @Test("open pauses are found after opening again, oldest first, with all that is needed to open their targets")
    func reopened() async throws {
        let catalog = try await fixture.filledWithPauses()
        let ended = Fixture.pause(1, targets: [Fixture.target(1)]), paused = Fixture.pause(2, targets: [Fixture.target(1)])
        let intended = Fixture.pause(3, targets: [Fixture.target(2), Fixture.target(3)])
        try await catalog.beginPause(ended)
        try await catalog.endPause(ended.id, at: later)
        try await catalog.beginPause(intended)
        try await catalog.beginPause(paused)
        try await catalog.setPause(paused.id, state: .paused, windowAt: later, detail: "x")
        await catalog.close()

        let again = try Catalog.open(path: fixture.path)
        var found = paused
        found.state = .paused
        found.windowAt = later
        found.detail = "x"
        #expect(try await again.openPauses() == [found, intended])
        await #expect(throws: CatalogError.self) { try await again.beginPause(Fixture.pause(4, targets: [Fixture.target(3)])) }
        try await again.endPause(intended.id, at: later)
        try await again.beginPause(Fixture.pause(4, targets: [Fixture.target(3)]))
    }

    @Test("the first end of a pause stands; its state changes no more, but its window may still be written")
    func ends() async throws {
        let catalog = try await fixture.filledWithPauses()
        let pause = Fixture.pause(1, targets: [Fixture.target(1)])
        try await catalog.beginPause(pause)
        #expect(try await catalog.endPause(pause.id, detail: "by hand", at: later))
        #expect(try await !catalog.endPause(pause.id, window: Fixture.window(of: pause), at: later.advanced(by: 1)))
        var ended = try await catalog.pause(pause.id)
        #expect(ended.state == .ended && ended.endedAt == later && ended.window == nil && ended.detail == "by hand")
        await #expect(throws: CatalogError.pauseOver(pause.id)) { try await catalog.setPause(pause.id, state: .paused) }
        let window = Fixture.window(of: pause, doubts: [PauseDoubt("pause.target-restarted", "x")])
        try await catalog.setPause(pause.id, window: window)
        ended.window = window
        #expect(try await catalog.pause(pause.id) == ended)
        let absent = Fixture.pause(9, targets: [Fixture.target(1)]).id
        await #expect(throws: CatalogError.unknown(.pause, absent.rawValue)) { try await catalog.endPause(absent, at: later) }
        await #expect(throws: CatalogError.unknown(.pause, absent.rawValue)) { try await catalog.setPause(absent, detail: "x") }
    }

    @Test("calls keep the order in which they were appended, over several times")
    func calls() async throws {
        let catalog = try await fixture.filledWithPauses()
        let pause = Fixture.pause(1, targets: [Fixture.target(1), Fixture.target(2)])
        try await catalog.beginPause(pause)
        let calls = (0..<300).map { number in
            PauseCall(
                target: Fixture.target(number % 2 + 1), name: [.pause, .checkPaused, .unpause][number % 3], sentMicroseconds: 1_000_000 - number,
                tookMicroseconds: number, outcome: "UNAVAILABLE: ✓ '\(number)")
        }
        for part in [calls[..<1], calls[1..<1], calls[1..<250], calls[250...]] { try await catalog.appendPauseCalls(pause.id, Array(part)) }
        #expect(try await catalog.pauseCalls(of: pause.id) == calls)
        let absent = Fixture.pause(9, targets: [Fixture.target(1)]).id
        await #expect(throws: CatalogError.self) { try await catalog.appendPauseCalls(absent, [calls[0]]) }
    }

    @Test("a pause whose intent finds the disk full is refused, and holds nothing")
    func full() async throws {
        let catalog = try await fixture.filledWithPauses()
        var pause = Fixture.pause(1, targets: [Fixture.target(1)])
        pause.access.tls?.caPEM = String(repeating: "x", count: 1_000_000)
        try await catalog.pragma("max_page_count = 60")
        await #expect(throws: CatalogError.full(path: fixture.path)) { try await catalog.beginPause(pause) }
        try await catalog.pragma("max_page_count = 100000")
        #expect(try await catalog.pauses().isEmpty)
        try await catalog.beginPause(pause)
        await catalog.close()
    }

    @Test("a pause whose intent cannot be written is refused")
    func readOnly() async throws {
        let catalog = try await fixture.filledWithPauses()
        try await catalog.pragma("query_only = ON")
        await #expect {
            try await catalog.beginPause(Fixture.pause(1, targets: [Fixture.target(1)]))
        } throws: {
            ($0 as? CatalogError)?.failure.code == "catalog.unusable"
        }
        #expect(try await catalog.openPauses().isEmpty)
    }

    @Test("pauses are listed newest first, of an application or a run")
    func lists() async throws {
        let catalog = try await fixture.filledWithPauses()
        try await catalog.addApplication(bank)
        let pauses = [
            Fixture.pause(1, targets: [Fixture.target(1)]), Fixture.pause(2, of: bank.name, targets: [Fixture.target(2)]),
            Fixture.pause(3, targets: [Fixture.target(3)]),
        ]
        for pause in pauses { try await catalog.beginPause(pause) }
        #expect(try await catalog.pauses() == pauses.reversed())
        #expect(try await catalog.pauses(application: Fixture.application.name).map(\.id) == [pauses[2].id, pauses[0].id])
        #expect(try await catalog.pauses(limit: 1).map(\.id) == [pauses[2].id])
        #expect(try await catalog.pauses(of: pauses[1].run) == [pauses[1]])
    }

    @Test("what happens to a pause is told to the watchers of its run")
    func changes() async throws {
        let catalog = try await fixture.filledWithPauses()
        let changes = await catalog.changes()
        let pause = Fixture.pause(2, targets: [Fixture.target(1)])
        try await catalog.beginPause(pause)
        await catalog.close()
        #expect(await changes.reduce(into: []) { $0.append($1) } == [pause.run])
    }
}

extension Catalog {
    fileprivate func pragma(_ text: String) throws { try connection.run("PRAGMA \(text)") }
}
