package import BackupModel
import Glibc
package import ScalarAdmin
import Synchronization
import Threads

/// One rule of how a link and an instance behave, which the fake application and the real server are held to; throws `ConformanceFailure` when one does not.
/// Each begins with an open instance; links give up CheckPaused and Unpause after a second. Blocks.
package struct ScalarAdminConformance: Sendable, CustomStringConvertible {
    package let description: String
    package let check: @Sendable (any ScalarAdminInstance) throws -> Void

    package static let all = [
        Self(description: "Pause closes, Unpause opens, CheckPaused says so, over one connection", check: pausesAndUnpauses),
        Self(description: "Pause and Unpause may be repeated", check: mayBeRepeated),
        Self(description: "Pause waits for what is under way, and is told as paused meanwhile", check: waitsForDrain),
        Self(description: "a Pause that cannot drain in time fails and leaves the instance open", check: drainLimit),
        Self(description: "a Pause whose drain fails leaves the instance open", check: drainFails),
        Self(description: "Unpause while Pause waits opens the instance, and that Pause is answered OK all the same", check: unpauseDuringPause),
        Self(description: "a silent instance costs the call's time, and nothing is carried out", check: silence),
        Self(description: "a late answer comes after the act", check: lateAnswer),
        Self(description: "an instance without CheckPaused says so", check: withoutCheck),
        Self(description: "a status is passed on as often as it is scripted", check: statuses),
        Self(description: "an instance that dies under Pause leaves its state unknown, and is open when it is back", check: deathUnderPause),
        Self(description: "an instance that dies after Pause is unreachable, and open when it is back", check: deathAfterPause),
        Self(description: "a restarted instance is open, and its lost connection is noticed", check: restart),
        Self(description: "an instance may open by itself", check: reopens),
        Self(description: "an Unpause may have no effect", check: ignoredUnpause),
    ]
}

private func require(_ condition: Bool, _ expectation: String) throws {
    if !condition { throw ConformanceFailure(description: "not so: \(expectation)") }
}

private func failure<Value>(_ what: String, _ body: () throws(ScalarAdminError) -> Value) throws -> ScalarAdminError {
    let answer: Value
    do throws(ScalarAdminError) { answer = try body() } catch { return error }
    throw ConformanceFailure(description: "\(what) was answered: \(answer)")
}

private func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    let taken = start.duration(to: .now).components
    return Double(taken.seconds) + Double(taken.attoseconds) / 1e18
}

/// Waits until it is so, for at most a generous while.
private func wait(_ expectation: String, _ condition: () throws -> Bool) throws {
    for _ in 0..<5000 {
        if try condition() { return }
        usleep(2000)
    }
    throw ConformanceFailure(description: "never: \(expectation)")
}

/// A call on a thread of its own.
private final class Background<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, ScalarAdminError>?>(nil)

    init(_ body: @escaping @Sendable () throws(ScalarAdminError) -> Value) {
        Thread.detach {
            let outcome: Result<Value, ScalarAdminError>
            do throws(ScalarAdminError) { outcome = .success(try body()) } catch { outcome = .failure(error) }
            self.result.withLock { $0 = outcome }
        }
    }

    func outcome() throws -> Result<Value, ScalarAdminError> {
        try wait("the call ends") { result.withLock { $0 != nil } }
        return result.withLock { $0! }
    }
}

private func pausesAndUnpauses(_ instance: any ScalarAdminInstance) throws {
    let link = instance.link()
    try require(link.connectionsMade == 0, "no connection before the first call")
    try require(try !link.isPaused(), "an instance is open at first")
    try link.pause(waitSeconds: 5)
    try require(try !instance.isOpen, "Pause closes the gate")
    try require(try link.isPaused(), "CheckPaused says true")
    try link.unpause()
    try require(try instance.isOpen, "Unpause opens the gate")
    try require(try !link.isPaused(), "CheckPaused says false")
    try require(link.connectionsMade == 1, "all calls went over one connection")
}

private func mayBeRepeated(_ instance: any ScalarAdminInstance) throws {
    let link = instance.link()
    try link.unpause()
    try link.pause(waitSeconds: 5)
    try link.pause(waitSeconds: 5)
    try require(try link.isPaused(), "two Pauses are one")
    try link.unpause()
    try require(try instance.isOpen, "one Unpause ends two Pauses")
}

private func waitsForDrain(_ instance: any ScalarAdminInstance) throws {
    try instance.tell(.slowDrain(seconds: 0.4))
    let link = instance.link(), other = instance.link()
    let pause = Background { () throws(ScalarAdminError) in
        try link.pause(waitSeconds: 5)
        return ContinuousClock.now
    }
    let start = ContinuousClock.now
    try wait("CheckPaused says true while Pause waits") { try other.isPaused() }
    let end = try pause.outcome().get()
    try require(start.duration(to: end) > .milliseconds(300), "Pause was answered only when all was done")
}

private func drainLimit(_ instance: any ScalarAdminInstance) throws {
    try instance.tell(.slowDrain(seconds: 2.5))
    let link = instance.link()
    var error: ScalarAdminError?
    let took = try seconds { error = try failure("Pause") { () throws(ScalarAdminError) in try link.pause(waitSeconds: 1) } }
    guard case .status(.failedPrecondition, let message) = error else { throw ConformanceFailure(description: "\(String(describing: error))") }
    try require(took > 0.9, "it had its second")
    try require(message.hasPrefix("failed to finish processing outstanding requests"), "the message came")
    try require(error?.leavesStateUnknown == false, "the state is known")
    try require(try instance.isOpen, "the gate is open again")
}

private func drainFails(_ instance: any ScalarAdminInstance) throws {
    try instance.tell(.failingDrain)
    let link = instance.link()
    let error = try failure("Pause") { () throws(ScalarAdminError) in try link.pause(waitSeconds: 5) }
    guard case .status(.failedPrecondition, _) = error else { throw ConformanceFailure(description: "\(error)") }
    try require(try instance.isOpen, "the gate is open again")
    try require(try !link.isPaused(), "the connection is still good")
    try require(link.connectionsMade == 1, "a status costs no connection")
}

private func unpauseDuringPause(_ instance: any ScalarAdminInstance) throws {
    try instance.tell(.slowDrain(seconds: 0.5))
    let link = instance.link(), other = instance.link()
    let pause = Background { () throws(ScalarAdminError) in try link.pause(waitSeconds: 5) }
    try wait("the Pause has begun") { try other.isPaused() }
    try other.unpause()
    try require(try instance.isOpen, "Unpause opens at once")
    try pause.outcome().get()
    try require(try instance.isOpen, "the Pause that ends late does not close again")
}

private func silence(_ instance: any ScalarAdminInstance) throws {
    let link = instance.link()
    try link.pause(waitSeconds: 5)
    try instance.tell(.silent([.unpause]))
    var error: ScalarAdminError?
    let took = try seconds { error = try failure("Unpause") { () throws(ScalarAdminError) in try link.unpause() } }
    guard case .deadline(seconds: 1) = error else { throw ConformanceFailure(description: "\(String(describing: error))") }
    try require(took > 0.9, "it waited for a second")
    try require(error?.leavesStateUnknown == true, "the state is unknown")
    try require(try !instance.isOpen, "nothing was carried out")
    try instance.tell(.normal)
    try link.unpause()
    try require(try instance.isOpen, "the link goes on after a deadline")
}

private func lateAnswer(_ instance: any ScalarAdminInstance) throws {
    try instance.tell(.delay(.pause, seconds: 0.4))
    let link = instance.link()
    let took = try seconds { try link.pause(waitSeconds: 5) }
    try require(took > 0.3, "the answer was late")
    try instance.tell(.delay(.unpause, seconds: 3))
    _ = try failure("Unpause") { () throws(ScalarAdminError) in try link.unpause() }
    try require(try instance.isOpen, "the act came before the answer that nobody waited for")
}

private func withoutCheck(_ instance: any ScalarAdminInstance) throws {
    try instance.tell(.withoutCheck)
    let link = instance.link()
    let error = try failure("CheckPaused") { () throws(ScalarAdminError) in try link.isPaused() }
    try require(error.isUnimplemented && !error.leavesStateUnknown, "it is UNIMPLEMENTED, not \(error)")
    try link.pause(waitSeconds: 5)
    try require(try !instance.isOpen, "Pause works all the same")
    try link.unpause()
}

private func statuses(_ instance: any ScalarAdminInstance) throws {
    try instance.tell(.fail(.unpause, .unavailable, times: 2))
    let link = instance.link()
    try link.pause(waitSeconds: 5)
    for _ in 0..<2 {
        let error = try failure("Unpause") { () throws(ScalarAdminError) in try link.unpause() }
        try require(error == .status(.unavailable, message: "scripted"), "the scripted status, not \(error)")
    }
    try require(try !instance.isOpen, "a refused call is not carried out")
    try link.unpause()
    try require(try instance.isOpen, "the third is carried out")
}

private func deathUnderPause(_ instance: any ScalarAdminInstance) throws {
    let link = instance.link()
    _ = try link.isPaused()
    try instance.tell(.dieBeforePause)
    let error = try failure("Pause") { () throws(ScalarAdminError) in try link.pause(waitSeconds: 5) }
    try require(error.leavesStateUnknown, "the state is unknown after \(error)")
    try instance.tell(.start)
    try require(try !link.isPaused(), "an instance that starts is open")
    try require(link.connectionsMade >= 2, "the connection was made anew")
}

private func deathAfterPause(_ instance: any ScalarAdminInstance) throws {
    let link = instance.link()
    try instance.tell(.dieAfterPause)
    try link.pause(waitSeconds: 5)
    try wait("calls find nobody") {
        do throws(ScalarAdminError) {
            _ = try link.isPaused()
            return false
        } catch {
            if case .unreachable = error { return true }
            return false
        }
    }
    try instance.tell(.start)
    try require(try !link.isPaused(), "an instance that starts is open")
    try require(link.connectionsMade >= 2, "the connection was made anew")
}

private func restart(_ instance: any ScalarAdminInstance) throws {
    let link = instance.link()
    try link.pause(waitSeconds: 5)
    try require(link.connectionsMade == 1, "one connection")
    try instance.tell(.restart)
    // The old connection may be found dead only by a call.
    try wait("it answers again") {
        do throws(ScalarAdminError) { return try !link.isPaused() } catch { return false }
    }
    try require(link.connectionsMade >= 2, "a second connection tells of the restart")
}

private func reopens(_ instance: any ScalarAdminInstance) throws {
    try instance.tell(.reopen(milliseconds: 100))
    let link = instance.link()
    try link.pause(waitSeconds: 5)
    try wait("it opens by itself") { try !link.isPaused() }
    try require(link.connectionsMade == 1, "nothing but CheckPaused tells of it")
}

private func ignoredUnpause(_ instance: any ScalarAdminInstance) throws {
    try instance.tell(.ignoreUnpause(times: 1))
    let link = instance.link()
    try link.pause(waitSeconds: 5)
    try link.unpause()
    try require(try link.isPaused(), "it stays paused")
    try link.unpause()
    try require(try !link.isPaused(), "the second one opens it")
}
