import BackupModel
import Synchronization

/// Where a window that is held for somebody else's command hears of it: signs of life, its end.
final class PauseDesk: Sendable {
    struct Entry {
        let run: RunID
        var heard: ContinuousClock.Instant
        var exitStatus: Int?
        var isEnded = false
    }

    private let entries = Mutex<[PauseID: Entry]>([:])

    func open(_ id: PauseID, _ run: RunID) { entries.withLock { $0[id] = Entry(run: run, heard: .now) } }
    func close(_ id: PauseID) { entries.withLock { $0[id] = nil } }
    func run(of id: PauseID) -> RunID? { entries.withLock { $0[id]?.run } }
    func entry(_ id: PauseID) -> Entry? { entries.withLock { $0[id] } }

    /// - Returns: False when no such window is held.
    func heard(_ id: PauseID) -> Bool { change(id) { $0.heard = .now } }
    func finish(_ id: PauseID, exitStatus: Int) -> Bool { change(id) { $0.exitStatus = exitStatus } }
    /// By a person, over whoever holds it.
    func end(_ id: PauseID) -> Bool { change(id) { $0.isEnded = true } }

    private func change(_ id: PauseID, _ body: (inout Entry) -> Void) -> Bool {
        entries.withLock { entries in
            guard var entry = entries[id] else { return false }
            body(&entry)
            entries[id] = entry
            return true
        }
    }
}
