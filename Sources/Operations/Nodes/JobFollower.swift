import BackupModel
import NodeDispatch

/// Runs one job on one node to its end, through lost connections and an agent that dies.
///
/// The job's id is the caller's and recorded before the first call, so that after a restart of the master the same call goes on where the job is.
struct JobFollower: Sendable {
    let calls: NodeCalls
    let node: NodeTarget
    let job: JobRequest
    let onEvent: @Sendable (JobEvent) async -> Void

    private enum Turn {
        case ended(JobOutcome)
        /// The agent answers, yet knows no such job, or it died without an end.
        case startAgain(Failure)
    }

    /// - Throws: `Failure` of the job, or the last one of reaching the node once `limits.outOfReach` has passed without a word from it.
    func run() async throws -> JobResult {
        let clock = ContinuousClock()
        var after = 0, heard = clock.now, restarts = 0, start = true
        while true {
            do {
                switch try await turn(start: start, after: &after, heard: { heard = clock.now }) {
                case .ended(.succeeded(let result)): return result
                case .ended(.failed(let failure)): throw JobFailure(failure: failure)
                case .startAgain(let why):
                    restarts += 1
                    guard restarts <= calls.limits.jobRestarts else { throw JobFailure(failure: why) }
                    await onEvent(.note(Note(.warning, "the job on \(node.name) died; started again (\(restarts) of \(calls.limits.jobRestarts))", code: "agent.job-died")))
                    start = true
                }
            } catch let failure as JobFailure {
                throw failure.failure.on(node.name)
            } catch {
                try Task.checkCancellation()
                let failure = Failure(error).on(node.name)
                guard failure.recovery == .retry, clock.now - heard < calls.limits.outOfReach else { throw failure }
                await onEvent(.note(Note(.warning, "\(failure); trying again", code: failure.code)))
                try await Task.sleep(for: calls.limits.reconnectPause)
            }
        }
    }

    /// A failure of the work itself, which no reconnecting mends.
    private struct JobFailure: Error { let failure: Failure }

    private func turn(start: Bool, after: inout Int, heard: () -> Void) async throws -> Turn {
        let connection = try await calls.connect(node)
        heard()
        do {
            let turn = try await follow(connection, start: start, after: &after, heard: heard)
            await connection.close()
            return turn
        } catch {
            await connection.close()
            throw error
        }
    }

    private func follow(_ connection: any AgentConnection, start: Bool, after: inout Int, heard: () -> Void) async throws -> Turn {
        // Sent at every turn: for a job that runs or has ended it changes nothing, and the answer to an earlier one may have been lost.
        do { _ = try await calls.ask(connection, .startJob(job), node: node) } catch let failure as Failure where failure.recovery != .retry {
            throw JobFailure(failure: failure)
        }
        var runs = true
        while runs {
            runs = false
            for try await event in await connection.send(.followJob(job.id, after: after, seconds: job.work.needsSignsOfLife ? 1 : nil)) {
                heard()
                switch event {
                case .job(let number, let event):
                    after = number
                    await onEvent(event)
                case .result(.jobEnded(let outcome)): return .ended(outcome)
                case .result(.jobRuns): runs = true
                case .failed(let failure) where failure.code == "agent.job-died" || failure.code == "agent.no-such-job": return .startAgain(failure)
                case .failed(let failure): throw JobFailure(failure: failure)
                default: continue
                }
            }
        }
        throw Failure("ssh.connection-lost", "the connection to \(node.name) ended", recovery: .retry, node: node.name)
    }
}
