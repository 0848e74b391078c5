package import BackupModel
package import Glibc
import Processes
import Synchronization
import Threads

package enum GuardianError: Error, Hashable, Sendable, CustomStringConvertible, FailureConvertible {
    case notStarted(String)

    package var description: String {
        switch self {
        case .notStarted(let text): text
        }
    }

    package var failure: Failure { Failure("pause.guardian-not-started", description, recovery: .retry) }
}

/// The master's end of a guardian's process: a thread of its own tells the guardian every second that the master lives. When this object goes without
/// `release`, the guardian hears the end of its input, and opens everything.
package final class GuardianHandle: Sendable {
    package let pid: pid_t
    package let reach: [ReachedTarget]
    private let channel: GuardianChannel

    /// - Parameters:
    ///   - executable: Where the program lies, if not where its first word says.
    ///   - program: Words that run `GuardianProcess.run()`, as `ps` lists them.
    ///   - say: The guardian's notes, on a thread of the handle's.
    /// - Returns: Once it watches.
    package static func start(
        executable: String? = nil, program: [String], work: GuardWork, beatSeconds: Double = 1, say: @escaping @Sendable (Note) -> Void = { _ in }
    ) throws(GuardianError) -> GuardianHandle {
        let channel = try GuardianChannel(executable: executable, program: program, say: say)
        guard channel.write(String(decoding: JSONText.encode(work), as: UTF8.self)) else { throw .notStarted("it ended at once") }
        channel.beat(every: beatSeconds)
        // It asks all instances at once, and each may take its time to connect and to answer.
        guard let reach = channel.waitUntilReady(seconds: Double(work.access.callSeconds * 2 + 5)) else {
            channel.kill()
            throw .notStarted("it did not become ready")
        }
        return GuardianHandle(channel, reach)
    }

    private init(_ channel: GuardianChannel, _ reach: [ReachedTarget]) {
        self.channel = channel
        self.reach = reach
        pid = channel.pid
    }

    deinit { channel.closeInput() }

    /// With the reasons.
    package var unreached: [PauseTarget: String] {
        Dictionary(uniqueKeysWithValues: reach.filter { $0.state == .unreachable }.map { ($0.target, $0.detail ?? "unreachable") })
    }
    /// False once its process has ended.
    package var isAlive: Bool { !channel.hasEnded }
    /// What it did, when it has said so.
    package var result: GuardResult? { channel.result }

    /// All is proven open: it may end. Blocks until it has, for at most a few seconds.
    package func release(withinSeconds limit: Double = 5) {
        _ = channel.write("released")
        channel.waitUntilEnded(seconds: limit)
        channel.closeInput()
    }
}
