import BackupModel
import CassandraNode
import Glibc
import Processes

/// Stops and starts Cassandra by the cluster's own command, and believes only what is seen afterwards.
struct ServiceJob {
    let work: ServiceWork
    let context: JobContext

    /// Until JMX is silent and no process holds the node's folders.
    func stop() throws {
        let deadline = Monotonic.seconds + Double(work.timeoutSeconds)
        let command = try Command.started(work.command), ending = try command.wait(until: deadline, stop: context.stop)
        while true {
            let mode = try mode(), holders = context.parts.holders(work.folders.all)
            if mode == nil, holders.isEmpty { break }
            if ending != .exited(0) || Monotonic.seconds > deadline {
                let why = holders.isEmpty ? "JMX answers with mode \(mode ?? "?")" : "the node's folders are held open by \(holders.joined(separator: ", "))"
                throw Failure(
                    "cassandra.still-running", "Cassandra has not stopped: \(why)", hint: "is \(quoted(work.command.joined(separator: " "))) the command that stops it?", recovery: .retry,
                    cause: failure(command, ending))
            }
            try pause()
        }
        if let failure = failure(command, ending) { context.note(Note(.warning, "Cassandra is stopped, although \(failure.summary)", code: failure.code)) }
    }

    /// Until it is in its mode NORMAL.
    func start() throws -> StartResult {
        let deadline = Monotonic.seconds + Double(work.timeoutSeconds)
        let command = try Command.started(work.command), ending = try command.wait(until: deadline, stop: context.stop)
        if let failure = failure(command, ending) { throw didNotStart("\(failure.summary)", nil) }
        var last: String?
        while Monotonic.seconds < deadline {
            last = try mode() ?? last
            context.meter.update { $0.current = last ?? "waiting for JMX" }
            if last == "NORMAL", let result = try facts() { return result }
            try pause()
        }
        throw didNotStart("it is not in mode NORMAL after \(work.timeoutSeconds) s, but in \(last ?? "none: JMX does not answer")", command.said)
    }

    private func didNotStart(_ why: String, _ said: String?) -> Failure {
        let words = said.flatMap { $0.isEmpty ? nil : Failure("service.said", "its command said \(quoted(String($0.suffix(400))))") }
        return Failure("cassandra.did-not-start", "Cassandra did not start: \(why)", hint: "its system.log has the reason; 'nodetool netstats' shows the mode", recovery: .retry, cause: words)
    }

    private func failure(_ command: Command, _ ending: Command.Ending) -> Failure? {
        let how: String
        switch ending {
        case .exited(0): return nil
        case .exited(let status): how = "ended with status \(status)"
        case .signalled(let signal): how = "was ended by signal \(signal)"
        case .outOfTime: how = "was not done after \(work.timeoutSeconds) s"
        }
        return Failure("service.command-failed", "\(quoted(command.name)) \(how), saying \(quoted(String(command.said.suffix(400))))", hint: "run it on the node by hand")
    }

    private func mode() throws -> String? {
        let node = try context.parts.openNode(work.access)
        defer { node.close() }
        do {
            return try node.mode()
        } catch NodeError.interrupted {
            // It goes down, or comes up, just now.
            return nil
        }
    }

    private func facts() throws -> StartResult? {
        let node = try context.parts.openNode(work.access)
        defer { node.close() }
        do {
            let facts = try node.facts(ring: .membership)
            return StartResult(hostID: facts.hostID, tokens: facts.tokens, mode: facts.mode)
        } catch NodeError.interrupted {
            return nil
        }
    }

    private func pause() throws {
        for _ in 0..<5 {
            try context.stop.check()
            usleep(100_000)
        }
    }
}
