import BackupModel
import Glibc
import Processes
import Synchronization

/// Frames on stdout, whole, from any thread.
final class EventWriter: Sendable {
    private struct State {
        var isBroken = false
        var last = Monotonic.seconds
    }

    private let descriptor: Int32
    private let state = Mutex(State())

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Nobody reads any more.
    var isBroken: Bool { state.withLock { $0.isBroken } }

    func send(_ event: AgentEvent) {
        let body = JSONText.encode(event)
        let bytes = body.count <= AgentFrame.greatestBody
            ? AgentFrame.encode(body)
            : AgentFrame.encode(JSONText.encode(AgentEvent.failed(Failure("agent.answer-too-long", "the answer has \(body.count) bytes, more than a frame may have", recovery: .bug))))
        state.withLock { state in
            guard !state.isBroken else { return }
            state.last = Monotonic.seconds
            var done = 0
            while done < bytes.count {
                let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + done, bytes.count - done) }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    state.isBroken = true
                    return
                }
                done += count
            }
        }
    }

    /// Sends a heartbeat when nothing was sent for so long.
    func beat(after seconds: Double) {
        let isDue = state.withLock { Monotonic.seconds - $0.last >= seconds }
        if isDue { send(.heartbeat) }
    }
}
