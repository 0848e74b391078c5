import BackupModel
import ObjectStore

/// What a job's work has at hand.
struct JobContext: Sendable {
    let parts: AgentParts
    let agent: AgentFolder
    let folder: JobFolder
    /// Looks whether somebody follows the job.
    let followers: FollowerWatch
    let stop: StopSignal
    let meter: ProgressMeter
    let note: @Sendable (Note) -> Void

    func workers(_ transfer: Transfer) -> Workers { Workers(width: transfer.workers, stop: stop) }
}

extension Workers.Watch {
    /// Passes bytes on to `moved`, and keeps the rate.
    func control(_ rate: RateLimit, moved: @escaping @Sendable (Int) -> Void = { _ in }) -> TransferControl {
        TransferControl(isCancelled: { isStopped }) { count in
            moved(count)
            rate.moved(count, isStopped: { isStopped })
        }
    }
}
