import Glibc
import Threads

/// A program run without a shell: in a process group of its own, nothing on its stdin, the last of what it says kept.
///
/// What it leaves running (a daemon) may keep the output open: that is read as long as this process lives, so that nobody blocks on it, and never waited for.
package final class Command: Sendable {
    package enum Ending: Hashable, Sendable {
        /// Status -1: somebody else in this process has taken the real one.
        case exited(Int32)
        case signalled(Int32)
        /// Ended by us: out of time, or stopped.
        case outOfTime
    }

    package let name: String
    private let pid: pid_t
    private let heard: HeardOutput

    /// - Parameters:
    ///   - words: The program (with a '/' a path, otherwise looked for in PATH) and its arguments.
    ///   - environment: `NAME=VALUE`, beside and before what is set here.
    ///   - output: What the program writes its stdout to, itself; stays open here. Nil: stdout is kept as stderr is.
    /// - Throws: `.noProgram`, `.unusableWord`, `.notStartable`, `.noPipe`.
    package init(_ words: [String], environment: [String] = [], output: Int32? = nil) throws(ProcessError) {
        guard let program = words.first, !program.isEmpty else { throw .noProgram }
        name = program
        let listener = try HeardOutput(of: program), told = ProcessFile.descriptor(listener.writing)
        defer { listener.closeWritingEnd() }
        heard = listener
        pid = try ChildProcess.start(
            program, words, environment: environment.isEmpty ? nil : ChildProcess.environment(with: environment),
            files: [(0, .devNull), (1, output.map { .descriptor($0) } ?? told), (2, told)], ownGroup: true)
        Thread.detach { listener.listen() }
    }

    /// The last 4 KiB that it said so far, stdout only without an `output`.
    package var said: String { String(decoding: heard.last, as: UTF8.self) }

    /// Waits for its end, once. On a stop or out of time the whole group gets TERM, and KILL five seconds later; a program that ends by itself may leave others
    /// running.
    ///
    /// - Parameter deadline: Seconds of `Monotonic`.
    package func wait(until deadline: Double, isStopped: () -> Bool = { false }) -> Ending {
        let began = Monotonic.seconds
        while true {
            if let ending = reap() {
                heard.waitForRest()
                return ending
            }
            if isStopped() || Monotonic.seconds > deadline {
                endGroup()
                return .outOfTime
            }
            // Short ones are waited for closely, since somebody may hold an application still for them.
            usleep(Monotonic.seconds - began < 2 ? 1000 : 20_000)
        }
    }

    /// TERM to every process of the group; KILL after five seconds. One that may not be signalled, or hangs in the kernel, is left after ten.
    private func endGroup() {
        let began = Monotonic.seconds
        var isLeaderGone = false
        kill(-pid, SIGTERM)
        while true {
            isLeaderGone = isLeaderGone || reap() != nil
            // The number stays taken as long as anybody is in the group.
            if isLeaderGone, kill(-pid, 0) != 0, errno == ESRCH { return }
            let waited = Monotonic.seconds - began
            if waited > 10 { return }
            if waited > 5 { kill(-pid, SIGKILL) }
            usleep(5000)
        }
    }

    private func reap() -> Ending? {
        var status: Int32 = 0
        switch waitpid(pid, &status, WNOHANG) {
        case pid: return status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signalled(status & 0x7F)
        case -1 where errno == ECHILD: return .exited(-1)
        default: return nil
        }
    }
}
