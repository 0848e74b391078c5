import BackupModel
import Operations
import ScalarAdmin
import Synchronization

/// Guardians beside the master that do nothing but say what they were told: the real ones are processes, with tests of their own.
final class FakeGuards: PauseGuards {
    struct State {
        var started: [GuardWork] = []
        var released = 0
        var refuses = false
        var unreached: [PauseTarget: String] = [:]
        var isAlive = true
    }

    private let state = Mutex(State())
    var seen: State { state.withLock { $0 } }
    func tell(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    func start(_ work: GuardWork) async throws -> any PauseGuard {
        try state.withLock { state in
            if state.refuses { throw Failure("pause.guardian-not-started", "fake: no process") }
            state.started.append(work)
        }
        return One(owner: self)
    }

    private struct One: PauseGuard {
        let owner: FakeGuards
        var isAlive: Bool { owner.seen.isAlive }
        var unreached: [PauseTarget: String] { owner.seen.unreached }
        func release() async { owner.tell { $0.released += 1 } }
    }
}

/// A link whose calls are calls of the master: it can be killed at each.
struct CrashingLink: ScalarAdminLink {
    let inner: any ScalarAdminLink
    let crash: Crash
    var target: PauseTarget { inner.target }
    var connectionsMade: Int { inner.connectionsMade }

    private func around<Value>(_ call: String, _ body: () throws(ScalarAdminError) -> Value) throws(ScalarAdminError) -> Value {
        do { return try crash.aroundBlocking("\(call) \(target)", body) } catch let error as ScalarAdminError { throw error } catch { throw .cutShort("killed") }
    }

    func pause(waitSeconds: Int) throws(ScalarAdminError) { try around("pause") { () throws(ScalarAdminError) in try inner.pause(waitSeconds: waitSeconds) } }
    func unpause() throws(ScalarAdminError) { try around("unpause") { () throws(ScalarAdminError) in try inner.unpause() } }
    func isPaused() throws(ScalarAdminError) -> Bool { try around("check-paused") { () throws(ScalarAdminError) in try inner.isPaused() } }
}
