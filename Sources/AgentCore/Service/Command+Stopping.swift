import BackupModel
import Processes

extension Command {
    /// - Throws: `Failure`: `service.no-command`, `service.not-startable`.
    static func started(_ words: [String]) throws(Failure) -> Command {
        do { return try Command(words) } catch { throw Failure(error) }
    }

    /// Waits for its end; on a stop or out of time it is ended.
    ///
    /// - Throws: The stop's reason.
    func wait(until deadline: Double, stop: StopSignal) throws(Failure) -> Ending {
        let ending = wait(until: deadline, isStopped: { stop.isSet })
        if ending == .outOfTime { try stop.check() }
        return ending
    }
}

extension Failure {
    init(_ error: ProcessError) {
        switch error {
        case .noProgram, .unusableWord, .quoteNotClosed, .nothingAfterBackslash:
            self.init("service.no-command", error.description, hint: "set the cluster's command for stopping and starting Cassandra")
        case .notStartable(let program, let reason):
            self.init("service.not-startable", "unable to run \(quoted(program)): \(reason)", hint: "is it there, and may the agent's user run it?")
        case .noPipe: self.init("agent.file", error.description)
        }
    }
}
