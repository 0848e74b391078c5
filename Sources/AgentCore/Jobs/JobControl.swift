import BackupModel
import Glibc
import Processes

/// Starts jobs, follows and ends them: the side of `serve`.
struct JobControl {
    let agent: AgentFolder
    let stop: StopSignal
    let isBroken: () -> Bool

    /// Starts the job unless it runs or has ended; one that died is started again.
    func start(_ request: JobRequest) throws {
        guard request.leaseSeconds > 0 else { throw Failure("input.bad-request", "a job's lease of \(request.leaseSeconds) s", recovery: .bug) }
        let folder = agent.job(request.id)
        try agent.makeFolders(to: folder.path)
        let isRunning = try JobLock.isHeld(folder.lock), hasEnded = try JournalReader.outcome(folder.events) != nil
        guard !isRunning, !hasEnded else { return }
        // A restarted job begins with a lease as new as a new job's.
        _ = try JobLease(folder.lease)
        try spawn(request, folder)
    }

    private func spawn(_ request: JobRequest, _ folder: JobFolder) throws {
        guard try acknowledged(try start(folder, input: JSONText.encode(request))) else {
            let log = String(decoding: (try Disk.contents(folder.log, limit: 16 << 20) ?? []).suffix(500), as: UTF8.self)
            throw Failure("agent.job-not-started", "job \(request.id) did not start: \(quoted(log))", recovery: .retry)
        }
    }

    /// - Returns: Where the job's answer is to be read: the job alone holds the other end now, and its standard input has ended.
    private func start(_ folder: JobFolder, input: [UInt8]) throws -> OpenFile {
        let (reading, writing) = try LibC.pipe(for: "job \(folder.id)"), answer = try LibC.pipe(for: "job \(folder.id)")
        do {
            _ = try ChildProcess.start(
                "/proc/self/exe", ["aeneas-agent", "job", folder.path],
                files: [(0, .descriptor(reading.descriptor)), (1, .appending(folder.log)), (2, .appending(folder.log)), (JobRunner.acknowledgement, .descriptor(answer.writing.descriptor))], ownSession: true)
        } catch {
            throw Failure(error)
        }
        try writing.write(input)
        return answer.reading
    }

    private func acknowledged(_ file: OpenFile) throws -> Bool {
        var wait = pollfd(fd: file.descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&wait, 1, 15_000) == 1 else { return false }
        var word: UInt8 = 0
        return try withUnsafeMutableBytes(of: &word) { try file.read(into: $0) } == 1
    }

    /// Gives the events after number `after`, from 1, until the job ends; renews its lease meanwhile.
    ///
    /// - Parameter seconds: Then for so long at most, and the lease is renewed once.
    /// - Returns: nil when the job still runs after them.
    /// - Throws: `agent.no-such-job`; `agent.job-died` when its process is gone without an end.
    func follow(_ id: JobID, after: Int, seconds: Int? = nil, _ event: (Int, JobEvent) -> Void) throws -> JobOutcome? {
        let folder = try existing(id), end = seconds.map { Monotonic.seconds + Double($0) } ?? .infinity
        var journal = try JournalReader(folder.events), renewed = -10.0
        let written = try lines(folder)
        // A journal that lost its last lines (a power cut) goes on with their numbers: the follower has not seen what bears them now.
        let after = min(after, written)
        while true {
            if renewed < 0 || (seconds == nil && Monotonic.seconds - renewed >= 1) {
                utimensat(AT_FDCWD, folder.lease, nil, AT_SYMLINK_NOFOLLOW)
                renewed = Monotonic.seconds
            }
            let isRunning = try JobLock.isHeld(folder.lock)
            if !journal.exists { journal = try JournalReader(folder.events) }
            for (number, entry) in try journal.next() {
                if number > after { event(number, entry) }
                if case .ended(let outcome) = entry { return outcome }
            }
            // Asked before the journal was read: what it wrote last was there to be read.
            guard isRunning else { throw died(folder) }
            try stop.check()
            if isBroken() { throw Failure("run.cancelled", "the connection ended", recovery: .retry) }
            if Monotonic.seconds > end { return nil }
            usleep(100_000)
        }
    }

    private func lines(_ folder: JobFolder) throws -> Int {
        var reader = try JournalReader(folder.events)
        return try reader.next().last?.number ?? 0
    }

    private func died(_ folder: JobFolder) -> Failure {
        let log = String(decoding: ((try? Disk.contents(folder.log, limit: 16 << 20)) ?? []).suffix(300), as: UTF8.self)
        return Failure(
            "agent.job-died", "job \(folder.id) ended without a word\(log.isEmpty ? "" : ": \(quoted(log))")", hint: "was it killed, or the node restarted? the same request starts it again",
            recovery: .retry)
    }

    private func existing(_ id: JobID) throws -> JobFolder {
        let folder = agent.job(id)
        guard try Disk.exists(folder.path) else { throw Failure("agent.no-such-job", "there is no job \(id)", recovery: .bug) }
        return folder
    }

    /// TERM; KILL after ten seconds. The job's journal has an end afterwards. A guardian is not killed: what it cannot open yet nobody else may be there to open.
    func cancel(_ id: JobID) throws {
        let folder = try existing(id)
        guard try JobLock.isHeld(folder.lock) else { return }
        if let pid = try JobLock.holder(folder.lock) { kill(pid, SIGTERM) }
        if try waitForEnd(folder, seconds: 10) { return }
        if try isGuardian(folder) {
            throw Failure("agent.job-not-ended", "the guardian \(id) has not ended: it goes on until all it watches over is open", hint: "its notes name the instances that it cannot open", recovery: .retry)
        }
        if let pid = try JobLock.holder(folder.lock) { kill(pid, SIGKILL) }
        guard try waitForEnd(folder, seconds: 5), let lock = try JobLock.take(folder.lock) else {
            throw Failure("agent.job-not-ended", "job \(id) did not end", hint: "does it wait for a disk that does not answer?", recovery: .retry)
        }
        try withExtendedLifetime(lock) {
            if try JournalReader.outcome(folder.events) == nil {
                try JobJournal(folder.events).append(.ended(.failed(Failure("run.cancelled", "cancelled, and killed when it did not stop", recovery: .retry))))
            }
        }
    }

    private func isGuardian(_ folder: JobFolder) throws -> Bool {
        guard let bytes = try Disk.contents(folder.request, limit: 64 << 20), case .guardPause = try JSONText.decode(JobRequest.self, from: bytes).work else { return false }
        return true
    }

    private func waitForEnd(_ folder: JobFolder, seconds: Double) throws -> Bool {
        let last = Monotonic.seconds + seconds
        while try JobLock.isHeld(folder.lock) {
            if Monotonic.seconds > last { return false }
            usleep(50_000)
        }
        return true
    }

    func forget(_ id: JobID) throws {
        let folder = agent.job(id)
        guard try !JobLock.isHeld(folder.lock) else { throw Failure("agent.job-running", "job \(id) is still running", hint: "cancel it first") }
        try Disk.remove(folder.path)
    }

    func list() throws -> [JobStatus] {
        try Disk.names(in: agent.jobs).compactMap { JobID(rawValue: $0) }.map { id in
            let folder = agent.job(id)
            // In this order: a job that ends in between has its end in the journal.
            if try JobLock.isHeld(folder.lock) { return JobStatus(id: id, state: .running) }
            return JobStatus(id: id, state: try JournalReader.outcome(folder.events) == nil ? .died : .ended)
        }
    }
}
