import BackupModel
import ControlAPI

/// Follows a run to its end by asking the master again and again; a master that goes away for a while is waited for.
struct RunWatcher {
    private static let waitSeconds = 20
    /// Between two answers, so that a run of many nodes does not keep master and terminal busy.
    private static let pauseMilliseconds = 200

    private let context: CommandContext
    private let id: RunID
    private let onInterruption: String
    private var presenter: any RunPresenter
    private var events: [RunBody.Event] = []

    /// - Parameter onInterruption: What is said when a person does not want to wait any longer; nil: that the run goes on.
    init(_ context: CommandContext, _ id: RunID, presenter: any RunPresenter, onInterruption: String? = nil) {
        self.context = context
        self.id = id
        self.onInterruption = onInterruption ?? "\nno longer watching; the run goes on: aeneas run watch \(id)"
        self.presenter = presenter
    }

    /// The run with all its events once it is over; nil when the person did not want to wait any longer.
    mutating func watch() throws -> RunBody? {
        // Only the flag outlives the closure: the watcher itself is written back once.
        var watcher = self
        defer { self = watcher }
        return try Interruption.deferred { try watcher.follow() }
    }

    private mutating func follow() throws -> RunBody? {
        defer { presenter.end() }
        var wait = 0
        while !Interruption.happened {
            guard var run = try nextAnswer(wait: wait) else { break }
            wait = Self.waitSeconds
            events += run.events
            presenter.show(run, new: run.events)
            // An answer holds a limited number of events: there may be more.
            if run.isOver, run.events.isEmpty {
                run.events = events
                return run
            }
            if !run.isOver { context.console.sleep(Self.pauseMilliseconds) }
        }
        presenter.end()
        presenter.notice(onInterruption)
        return nil
    }

    /// nil when interrupted.
    private mutating func nextAnswer(wait: Int) throws -> RunBody? {
        var lostAt: Int?, pause = 250
        while !Interruption.happened {
            do {
                let query = [("after", "\(events.last?.number ?? 0)"), ("wait", "\(wait)")]
                let run = try context.client.get("/runs/\(id)", query: query, as: RunBody.self, seconds: wait + 30, isCancelled: { Interruption.happened })
                if lostAt != nil { presenter.notice("the master is back") }
                return run
            } catch let error as ControlError where error.mayPass {
                if Interruption.happened { break }
                let now = context.console.uptimeMilliseconds()
                if lostAt == nil { presenter.notice("lost the master, trying again: \(error.failure.description.plain)") }
                lostAt = lostAt ?? now
                guard now - lostAt! < context.patienceMilliseconds else { throw giveUp(error) }
                context.console.sleep(pause)
                pause = min(2000, pause * 2)
            }
        }
        return nil
    }

    private func giveUp(_ error: ControlError) -> ControlError {
        var failure = error.failure
        failure.hint = "\(failure.hint.map { "\($0); " } ?? "")the run may go on without the master: once it is back, 'aeneas run watch \(id)'"
        return .refused(failure, run: id, status: 0)
    }
}
