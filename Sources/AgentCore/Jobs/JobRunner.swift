import BackupModel
import Glibc
import Processes
import Threads

/// The process of one job: `aeneas-agent job FOLDER`, detached from whoever asked for it.
///
/// It takes the job's lock, says so on descriptor 3 (`R`; `H` when another process holds the lock), does the work, and writes the end into the journal. TERM stops it.
struct JobRunner {
    static let acknowledgement: Int32 = 3
    let agent: AgentFolder
    let parts: AgentParts

    /// - Returns: The process's exit status.
    func run(folder path: String) -> Int32 {
        // Without an asker, as when it is run by hand, nothing of our own may get that number.
        if fcntl(Self.acknowledgement, F_GETFD) < 0 { while open("/dev/null", O_WRONLY | O_CLOEXEC) < Self.acknowledgement {} }
        do {
            let request = try readRequest()
            let folder = agent.job(request.id)
            guard path == folder.path else { throw Failure("agent.bad-job", "the folder \(quoted(path)) is not that of job \(request.id)", recovery: .bug) }
            try agent.makeFolders(to: folder.path)
            guard let lock = try JobLock.take(folder.lock) else {
                acknowledge("H")
                return 0
            }
            return try withExtendedLifetime(lock) { try run(request, folder, lock) }
        } catch {
            complain("\(Failure(error))")
            return 1
        }
    }

    private func run(_ request: JobRequest, _ folder: JobFolder, _ lock: JobLock) throws -> Int32 {
        // Between asking and taking the lock another process may have done it all.
        if try JournalReader.outcome(folder.events) != nil {
            acknowledge("R")
            return 0
        }
        try lock.sign()
        try Disk.replace(folder.request, with: JSONText.encodeDocument(request.redacted))
        let journal = try JobJournal(folder.events), lease = try JobLease(folder.lease), stop = StopSignal()
        // Whoever hears that the job runs may cancel it at once: that must not find a process which a signal simply ends.
        SignalWatch.begin { stop.stop(Failure("run.cancelled", "cancelled", recovery: .retry)) }
        acknowledge("R")
        let context = JobContext(
            parts: parts, agent: agent, folder: folder, followers: FollowerWatch(lease, seconds: request.leaseSeconds), stop: stop, meter: ProgressMeter(phase: request.work.phase)
        ) { try? journal.append(.note($0)) }
        let watch = JobWatch(journal: journal, meter: context.meter, stop: stop, followers: request.work.endsWithLease ? context.followers : nil)
        watch.begin()
        let outcome = request.work.carryOut(context)
        watch.end()
        try journal.append(.ended(outcome))
        return 0
    }

    private func readRequest() throws -> JobRequest {
        var bytes: [UInt8] = []
        try OpenFile(taking: dup(0), path: "standard input").forEachChunk { bytes.append(contentsOf: $0) }
        return try JSONText.decode(JobRequest.self, from: bytes)
    }

    private func acknowledge(_ word: String) {
        _ = Array(word.utf8).withUnsafeBytes { write(Self.acknowledgement, $0.baseAddress, $0.count) }
        close(Self.acknowledgement)
    }

    private func complain(_ text: String) { _ = Array((text + "\n").utf8).withUnsafeBytes { write(2, $0.baseAddress, $0.count) } }
}

/// Writes progress into the journal and looks after the lease, on a thread of its own.
final class JobWatch: Sendable {
    private let journal: JobJournal
    private let meter: ProgressMeter
    private let stop: StopSignal
    private let followers: FollowerWatch?
    private let ended = StopSignal()

    init(journal: JobJournal, meter: ProgressMeter, stop: StopSignal, followers: FollowerWatch?) {
        self.journal = journal
        self.meter = meter
        self.stop = stop
        self.followers = followers
    }

    func begin() {
        Thread.detach { [self] in
            let began = Monotonic.seconds
            var followers = followers
            while !ended.isSet {
                // Four a second while somebody probably looks on; a day's work must not fill the disk with them.
                usleep(Monotonic.seconds - began < 60 ? 250_000 : 1_000_000)
                if !ended.isSet, let progress = meter.take() { try? journal.append(.progress(progress)) }
                if followers?.isSilent() == true, let seconds = followers?.seconds {
                    stop.stop(Failure("agent.lease-expired", "nobody followed the job for \(seconds) s", hint: "did the master lose this node?", recovery: .retry))
                }
            }
        }
    }

    /// The last progress is written by the caller's own thread: it stands before the end.
    func end() {
        ended.stop(Failure("run.ended", "ended"))
        if let progress = meter.take() { try? journal.append(.progress(progress)) }
    }
}

/// `lease`: its modification time says when somebody last followed the job.
final class JobLease: Sendable {
    private let file: OpenFile

    init(_ path: String) throws(SystemError) {
        file = try OpenFile(path, O_RDWR | O_CREAT)
        renew()
    }

    func renew() { futimens(file.descriptor, nil) }

    /// Nanoseconds since 1970; nil when the disk does not tell.
    var renewedAt: Int? { (try? file.status()).map { $0.st_mtim.tv_sec * 1_000_000_000 + $0.st_mtim.tv_nsec } }
}

/// Says when nobody has followed a job for the time of its lease. Counted by the clock that nobody sets, from when a renewal was seen: a host whose time is corrected
/// meanwhile neither ends its jobs nor keeps them for ever.
struct FollowerWatch: Sendable {
    let seconds: Int
    private let lease: JobLease
    private var renewal: Int?
    private var seenAt = Monotonic.seconds

    init(_ lease: JobLease, seconds: Int) {
        self.lease = lease
        self.seconds = seconds
        renewal = lease.renewedAt
    }

    /// To be asked several times in the time of the lease.
    mutating func isSilent() -> Bool {
        let found = lease.renewedAt
        if found != renewal { (renewal, seenAt) = (found, Monotonic.seconds) }
        return Monotonic.seconds - seenAt > Double(seconds)
    }
}

/// TERM and INT, taken by a thread that waits for them: in a handler hardly anything may be done.
enum SignalWatch {
    /// Threads made before would take the signals themselves.
    static func begin(_ onStop: @escaping @Sendable () -> Void) {
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGTERM, SIGINT] { sigaddset(&signals, signal) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        Thread.detach {
            var signals = sigset_t(), signal: Int32 = 0
            sigemptyset(&signals)
            for signal in [SIGTERM, SIGINT] { sigaddset(&signals, signal) }
            while sigwait(&signals, &signal) == 0 { onStop() }
        }
    }
}
