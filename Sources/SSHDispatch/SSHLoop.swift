import CLibssh
import Glibc
import Synchronization
import Threads

/// The one thread on which libssh's sessions live once they are logged in, and at the same time the executor of their actors.
///
/// libssh's handles may be touched by one thread at a time, and several of its calls poll on the way. Each session has a poll context of its own, because
/// such a call takes the end of any connection in its context for the end of its own; so it is this loop that waits for all of them, and a session gets
/// its turn when its socket is ready, when it asked for one, and every second.
///
/// `@unchecked Sendable`: `members`, `due` and `tick` are touched on the loop's thread only.
final class SSHLoop: SerialExecutor, @unchecked Sendable {
    static let shared = SSHLoop()

    enum Cause { case ready, asked, second }

    struct Wish {
        var reads: Bool
        var writes: Bool
        /// A turn without waiting for anything.
        var again: Bool
    }

    /// Looks after one session; nil: it has left the loop.
    typealias Turn = (ContinuousClock.Instant, Cause) -> Wish?

    private struct Member {
        var turn: Turn
        var events: UInt32
    }

    private static let second = Duration.seconds(1)
    private var members: [Int32: Member] = [:]
    private var due: Set<Int32> = []
    private var tick = ContinuousClock.now
    private let jobs = Mutex<[UnownedJob]>([])
    private let thread = Mutex<pthread_t?>(nil)
    private let poll = epoll_create1(Int32(EPOLL_CLOEXEC))
    private let wakeup = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))

    private init() {
        precondition(poll >= 0 && wakeup >= 0, "no descriptors for the SSH loop: \(errno)")
        control(EPOLL_CTL_ADD, wakeup, EPOLLIN.rawValue)
        Thread.detach { self.run() }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let first = jobs.withLock { jobs in
            jobs.append(job)
            return jobs.count == 1
        }
        guard first else { return }
        var one: UInt64 = 1
        _ = write(wakeup, &one, 8)
    }

    // MARK: On the loop's thread

    func add(_ descriptor: Int32, turn: @escaping Turn) {
        members[descriptor] = Member(turn: turn, events: 0)
        control(EPOLL_CTL_ADD, descriptor, 0)
        due.insert(descriptor)
    }

    /// Before the descriptor is closed.
    func remove(_ descriptor: Int32) {
        guard members.removeValue(forKey: descriptor) != nil else { return }
        control(EPOLL_CTL_DEL, descriptor, 0)
        due.remove(descriptor)
    }

    /// A turn soon: whoever called libssh for a session asks for one, because the call may have taken in what the socket brought.
    func askTurn(_ descriptor: Int32) {
        if members[descriptor] != nil { due.insert(descriptor) }
    }

    // MARK: Isolation

    /// Turns run outside any job of Swift's: `assumeIsolated` asks these two instead (the second from Swift 6.2 on).
    func checkIsolated() { precondition(isOnThread, "not on the SSH loop's thread") }
    func isIsolatingCurrentContext() -> Bool? { isOnThread }

    private var isOnThread: Bool {
        let current = pthread_self()
        return thread.withLock { $0 == current }
    }

    // MARK: The thread

    private func run() {
        blockSignals()
        let current = pthread_self()
        thread.withLock { $0 = current }
        let executor = asUnownedSerialExecutor()
        while true {
            let batch = jobs.withLock { jobs in
                let batch = jobs
                jobs.removeAll(keepingCapacity: true)
                return batch
            }
            for job in batch { job.runSynchronously(on: executor) }
            let asking = due
            due = []
            for descriptor in asking { turn(descriptor, .asked) }
            for descriptor in wait() { turn(descriptor, .ready) }
            let now = ContinuousClock.now
            guard now - tick >= Self.second else { continue }
            tick = now
            for descriptor in Array(members.keys) { turn(descriptor, .second) }
        }
    }

    private func turn(_ descriptor: Int32, _ cause: Cause) {
        guard let member = members[descriptor], let wish = member.turn(.now, cause) else { return }
        let events = (wish.reads ? EPOLLIN.rawValue : 0) | (wish.writes ? EPOLLOUT.rawValue : 0)
        if member.events != events {
            members[descriptor]?.events = events
            control(EPOLL_CTL_MOD, descriptor, events)
        }
        if wish.again { due.insert(descriptor) }
    }

    /// The sessions whose sockets are ready; sleeps until one is, a job comes or the second is over, unless somebody is due.
    private func wait() -> [Int32] {
        let left = (tick + Self.second - .now).components
        let milliseconds = max(0, Int32(left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000) + 1)
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        let count = epoll_wait(poll, &events, Int32(events.count), due.isEmpty ? milliseconds : 0)
        guard count > 0 else { return [] }
        return events[0..<Int(count)].compactMap { event in
            guard event.data.fd == wakeup else { return event.data.fd }
            var jobsAnnounced: UInt64 = 0
            _ = read(wakeup, &jobsAnnounced, 8)
            return nil
        }
    }

    private func control(_ operation: Int32, _ descriptor: Int32, _ events: UInt32) {
        var event = epoll_event()
        event.events = events
        event.data.fd = descriptor
        epoll_ctl(poll, operation, descriptor, &event)
    }
}

/// For a thread that calls libssh: it writes to sockets without MSG_NOSIGNAL, and the process's own signals belong to other threads.
func blockSignals() {
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, nil)
}
