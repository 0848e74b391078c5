package import BackupModel
import Synchronization

/// Sees to it that an application does not stay paused: it waits until it is told that all is open, and otherwise opens the instances itself.
///
/// The core of the process beside the master and of the agent's job; both tell it by `order` what became of the master.
package final class PauseGuardian: Sendable {
    package enum Order: Hashable, Sendable {
        /// Somebody has proven that every instance is open.
        case released
        /// The guardian itself is to end: it looks, and opens what is paused.
        case stopped
        case masterSilent
    }

    package struct Timing: Sendable {
        package var firstPause = Duration.milliseconds(100)
        package var longestPause = Duration.seconds(5)
        /// For so long after an instance is proven open it is asked again: a Pause of the dead master may still have been on its way.
        package var watching = Duration.seconds(5)
        /// From when on, and how often, it says that an instance cannot be opened.
        package var firstComplaint = Duration.seconds(3)
        package var complaintEvery = Duration.seconds(60)
        package init() {}
    }

    private let work: GuardWork
    private let timing: Timing
    private let say: @Sendable (Note) -> Void
    private let links: [PauseTarget: any ScalarAdminLink]
    private let orders = GuardOrders()
    private let started = monotonicSeconds()

    /// The deadline of `work` counts from here.
    ///
    /// - Parameters:
    ///   - open: Makes the link to an instance; a `ScalarAdminConnection` when nil.
    ///   - say: For people, on any thread.
    package init(
        _ work: GuardWork, open: (@Sendable (PauseTarget) -> any ScalarAdminLink)? = nil, timing: Timing = Timing(), say: @escaping @Sendable (Note) -> Void
    ) {
        self.work = work
        self.timing = timing
        self.say = say
        links = Dictionary(uniqueKeysWithValues: work.access.targets.map { ($0, open?($0) ?? ScalarAdminConnection($0, work.access)) })
    }

    /// Connects to all instances at once and asks each whether it is paused; nil: it does not know CheckPaused. Before `run`.
    package func reach() -> [(target: PauseTarget, answer: Result<Bool?, ScalarAdminError>)] {
        let links = links
        return onThreads(work.access.targets) { target in
            do throws(ScalarAdminError) {
                return (target, .success(try links[target]?.isPaused()))
            } catch {
                return (target, error.isUnimplemented ? .success(nil) : .failure(error))
            }
        }
    }

    /// From any thread, at any time. `released` also ends what an earlier order began.
    package func order(_ order: Order) { orders.give(order) }

    /// Blocks until the first order or the deadline, and then until no instance is paused.
    package func run() -> GuardResult {
        let application = "application '\(work.application)'"
        switch orders.wait(until: started + Double(work.deadlineSeconds)) {
        case .released: return GuardResult(reason: "released", unpaused: [])
        case .stopped:
            // As it is told at the end of every pause: there is nothing to watch when all are open, and somebody waits for it.
            if isEveryInstanceOpen { return GuardResult(reason: "stopped", unpaused: []) }
            say(Note(.warning, "the guardian of \(application) is told to end: it opens what is paused", code: "pause.guardian-stopped"))
            return open("stopped", looksFirst: true)
        case .masterSilent:
            say(Note(.warning, "the master that paused \(application) is silent: the guardian opens all its instances", code: "pause.master-silent"))
            return open("master-silent", looksFirst: false)
        case nil:
            say(Note(.warning, "\(application) was paused for \(work.deadlineSeconds) s: the guardian opens all its instances", code: "pause.deadline"))
            return open("deadline", looksFirst: false)
        }
    }

    private var isEveryInstanceOpen: Bool { reach().allSatisfy { if case .success(false?) = $0.1 { true } else { false } } }

    private func open(_ reason: String, looksFirst: Bool) -> GuardResult {
        let complaints = GuardComplaints(work, timing, say), links = links, orders = orders
        let unpausing = Unpausing(
            access: work.access, open: { links[$0]! }, firstPause: timing.firstPause, longestPause: timing.longestPause, watching: timing.watching)
        let outcomes = unpausing.run(
            looksFirst: looksFirst, isStopped: { orders.latest == .released }, onCall: complaints.hear(_:), onOpen: complaints.settle(_:))
        return GuardResult(reason: reason, unpaused: outcomes.filter { $0.isOpen && $0.attempts > 0 }.map(\.target))
    }
}
