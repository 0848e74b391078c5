import BackupModel
import Glibc
import Processes
import Synchronization
import Threads

/// The guardian's process with its two pipes. Outlives the handle as long as its threads need it.
final class GuardianChannel: Sendable {
    private struct State {
        /// nil once closed.
        var input: Int32?
        var reach: [ReachedTarget]?
        var result: GuardResult?
        var hasEnded = false
    }

    let pid: pid_t
    private let state: Mutex<State>

    init(executable: String?, program: [String], say: @escaping @Sendable (Note) -> Void) throws(GuardianError) {
        ignoreBrokenPipes()
        var input: [Int32] = [-1, -1], output: [Int32] = [-1, -1]
        guard pipe(&input) == 0, pipe(&output) == 0 else {
            let reason = String(cString: strerror(errno))
            for descriptor in input where descriptor >= 0 { close(descriptor) }
            throw .notStarted("no pipe for it: \(reason)")
        }
        // In another child, the input's far end would live on after this process, and the guardian would not hear of its end.
        for descriptor in input + output { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        defer {
            close(input[0])
            close(output[1])
        }
        do throws(ProcessError) {
            pid = try ChildProcess.start(
                executable ?? program.first ?? "", program, files: [(0, .descriptor(input[0])), (1, .descriptor(output[1])), (2, .inherited)], ownSession: true)
        } catch {
            close(input[1])
            close(output[0])
            throw .notStarted("\(error)")
        }
        state = Mutex(State(input: input[1]))
        listen(output[0], say)
    }

    var hasEnded: Bool { state.withLock { $0.hasEnded } }
    var result: GuardResult? { state.withLock { $0.result } }

    private func listen(_ output: Int32, _ say: @escaping @Sendable (Note) -> Void) {
        Thread.detach { [self] in
            var lines = LineReader(output)
            while case .line(let line) = lines.next(until: nil) {
                switch GuardMessage(line) {
                case .ready(let reach): state.withLock { $0.reach = reach }
                case .note(let note): say(note)
                case .result(let result): state.withLock { $0.result = result }
                case nil: break
                }
            }
            close(output)
            var information = siginfo_t(), status: Int32 = 0
            while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
            // While it is not reaped, its number is nobody else's.
            state.withLock { $0.hasEnded = true }
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        }
    }

    func write(_ line: String) -> Bool {
        state.withLock { state in state.input.map { writeLine(line, to: $0, patienceSeconds: 0.5) } ?? false }
    }

    func closeInput() {
        state.withLock { state in
            if let input = state.input.take() { close(input) }
        }
    }

    /// Until the input is closed or the process has ended.
    func beat(every seconds: Double) {
        Thread.detach { [self] in
            while !hasEnded, state.withLock({ $0.input != nil }) {
                _ = write(".")
                usleep(UInt32(seconds * 1e6))
            }
        }
    }

    /// nil when it has ended, or did not say so in time.
    func waitUntilReady(seconds: Double) -> [ReachedTarget]? {
        wait(seconds) { $0.reach != nil || $0.hasEnded }
        return state.withLock { $0.reach }
    }

    func waitUntilEnded(seconds: Double) { wait(seconds) { $0.hasEnded } }

    private func wait(_ seconds: Double, until condition: (borrowing State) -> Bool) {
        let end = monotonicSeconds() + seconds
        while monotonicSeconds() < end, !state.withLock({ condition($0) }) { usleep(2000) }
    }

    /// Only of one that has not begun to watch.
    func kill() {
        closeInput()
        state.withLock { state in
            if !state.hasEnded { _ = Glibc.kill(pid, SIGKILL) }
        }
    }
}
