package import BackupModel
import Synchronization

/// What a fake is to do differently, once or several times.
package enum FakeAct: Sendable {
    case fail(Failure)
    /// The request is carried out, its answer never arrives.
    case loseAnswer
    /// The connection goes before the request arrives.
    case loseRequest
    /// Following a job: so many events arrive, then the connection goes.
    case loseAfter(events: Int)
    /// A job's process is gone without an end.
    case die
    /// Nothing goes on until the gate opens.
    case hold(FakeGate)
}

/// Holds what waits at it until it is opened, and tells how many have come.
package final class FakeGate: Sendable {
    private let state = Mutex((arrived: 0, open: false))

    package init() {}
    package var arrived: Int { state.withLock { $0.arrived } }
    package func open() { state.withLock { $0.open = true } }

    package func wait() async throws {
        state.withLock { $0.arrived += 1 }
        try await until("the gate is opened") { state.withLock { $0.open } }
    }

    /// Waits until `count` are held.
    package func reached(_ count: Int = 1) async throws { try await until("\(count) have come, not \(arrived)") { arrived >= count } }

    private func until(_ what: String, _ condition: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while !condition() {
            guard ContinuousClock.now < deadline else { throw FakeGateError(description: "waited for a minute until \(what)") }
            try await Task.sleep(for: .milliseconds(1))
        }
    }
}

package struct FakeGateError: Error, CustomStringConvertible { package let description: String }

struct FakeRule: Sendable {
    let kind: String
    let node: String?
    var times: Int
    let act: FakeAct
}
