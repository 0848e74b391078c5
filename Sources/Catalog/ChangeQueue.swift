import BackupModel
import Synchronization

/// Runs that have changed and were not yet looked at, each once, for one reader.
final class ChangeQueue: Sendable {
    private struct State {
        var pending: [RunID] = []
        var reader: CheckedContinuation<RunID?, Never>?
        var finished = false
    }

    private let state = Mutex(State())

    /// Holds the queue alive; ends when the reader's task is cancelled or the queue finishes.
    func stream() -> AsyncStream<RunID> {
        AsyncStream(unfolding: { await self.next() }, onCancel: { self.finish() })
    }

    func add(_ run: RunID) {
        let reader = state.withLock { state -> CheckedContinuation<RunID?, Never>? in
            guard !state.finished else { return nil }
            if let reader = state.reader.take() { return reader }
            if !state.pending.contains(run) { state.pending.append(run) }
            return nil
        }
        reader?.resume(returning: run)
    }

    func finish() {
        let reader = state.withLock { state in
            state.finished = true
            return state.reader.take()
        }
        reader?.resume(returning: nil)
    }

    private func next() async -> RunID? {
        await withCheckedContinuation { continuation in
            let ready = state.withLock { state -> RunID?? in
                if !state.pending.isEmpty { return .some(state.pending.removeFirst()) }
                if state.finished { return .some(nil) }
                state.reader = continuation
                return nil
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }
}
