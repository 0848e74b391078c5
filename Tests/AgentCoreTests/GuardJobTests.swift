@testable import AgentCore
import BackupModel
import Foundation
import Glibc
import ScalarAdmin
import Synchronization
import TestSupport
import Testing

@Suite struct GuardJobTests {
    private let bench: AgentBench
    private let application = FakeApplication()

    init() throws { bench = try AgentBench() }

    private func work(deadline: Int = 60) -> GuardWork {
        GuardWork(
            pause: PauseID(unchecked: "01J9ZK0000000000000000PA01"), application: ApplicationName(unchecked: "shop"), access: PauseAccess(targets: application.targets), deadlineSeconds: deadline)
    }

    private func job(_ context: JobContext, deadline: Int = 60) -> GuardJob {
        var timing = PauseGuardian.Timing()
        timing.watching = .zero
        let application = application
        return GuardJob(work: work(deadline: deadline), context: context, open: { application.link($0) }, timing: timing)
    }

    private func pauseAll() throws { for target in application.targets { try application.link(target).pause(waitSeconds: 1) } }

    /// Renews the lease of a context's job as a follower does, as long as it lives.
    private final class Follower: Sendable {
        private let hasEnded = Atomic(false)
        init(_ context: JobContext) {
            let path = context.folder.lease
            Thread.detachNewThread { [weak self] in
                while self?.hasEnded.load(ordering: .relaxed) == false {
                    utimensat(AT_FDCWD, path, nil, 0)
                    usleep(50_000)
                }
            }
        }
        func end() { hasEnded.store(true, ordering: .relaxed) }
    }

    @Test("a guardian that nobody follows for its lease opens every instance, and says so")
    func silent() throws {
        try pauseAll()
        let result = try job(bench.context(lease: 1)).run()
        #expect(result == GuardResult(reason: "master-silent", unpaused: application.targets))
        #expect(application.paused.isEmpty)
        #expect(bench.notes.codes == ["pause.guardian-reach", "pause.master-silent", "pause.guardian-acted"])
    }

    @Test("one that is followed leaves the pause alone until its deadline")
    func deadline() throws {
        let context = try bench.context(lease: 1), follower = Follower(context)
        defer { follower.end() }
        try pauseAll()
        #expect(try job(context, deadline: 3).run().reason == "deadline")
        #expect(application.paused.isEmpty && bench.notes.codes.contains("pause.deadline") && !bench.notes.codes.contains("pause.master-silent"))
    }

    @Test("a host whose clock is set back keeps its guardian's lease all the same")
    func clockSetBack() throws {
        let context = try bench.context(lease: 1)
        var tomorrow = [timespec(tv_sec: time(nil) + 86_400, tv_nsec: 0), timespec(tv_sec: time(nil) + 86_400, tv_nsec: 0)]
        utimensat(AT_FDCWD, context.folder.lease, &tomorrow, 0)
        try pauseAll()
        #expect(try job(context).run().reason == "master-silent")
    }

    @Test("cancelled, it opens what is paused and leaves what is open")
    func stopped() throws {
        let stop = StopSignal(), paused = application.targets[1]
        try application.link(paused).pause(waitSeconds: 1)
        stop.stop(Failure("run.cancelled", "cancelled"))
        #expect(try job(bench.context(stop)).run() == GuardResult(reason: "stopped", unpaused: [paused]))
        #expect(application.calls(.unpause, of: application.targets[0]).isEmpty && application.paused.isEmpty)
    }

    @Test("before anything else it says which instances it reaches; a guardian of none is none")
    func reach() throws {
        application.tell(application.targets[0], .stop)
        let stop = StopSignal(), context = try bench.context(stop), job = job(context), application = application
        Thread.detachNewThread {
            usleep(300_000)
            application.tell(application.targets[0], .start)
            stop.stop(Failure("run.cancelled", "cancelled"))
        }
        #expect(try job.run().unpaused == [])
        #expect(bench.notes.codes.first == "pause.guardian-reach")
        let text = try #require(bench.notes.texts.first)
        #expect(text.contains("reaches 10.1.0.2:60053, 10.1.0.3:60053; it does not reach 10.1.0.1:60053 ("))
        for target in application.targets { application.tell(target, .stop) }
        #expect(failure { _ = try self.job(bench.context()).run() }?.code == "pause.guardian-cannot-reach")
    }
}

@Suite(.enabled(if: ServeClient.binary != nil, "aeneas-agent is not built beside the tests")) struct GuardServeTests {
    private static let job = JobID(unchecked: "01J9ZK0000000000000000JB03")

    private func request(_ targets: [PauseTarget], lease: Int) -> JobRequest {
        let work = GuardWork(
            pause: PauseID(unchecked: "01J9ZK0000000000000000PA01"), application: ApplicationName(unchecked: "shop"), access: PauseAccess(targets: targets, callSeconds: 2), deadlineSeconds: 60)
        return JobRequest(id: Self.job, work: .guardPause(work), leaseSeconds: lease)
    }

    /// Follows until the guardian has said which instances it reaches.
    private func follow(_ client: ServeClient) throws {
        try client.send(.followJob(Self.job, after: 0))
        while let event = try client.next() { if case .job(_, .note(let note)) = event, note.code == "pause.guardian-reach" { return } }
        throw Failure("test.no-reach", "the guardian said nothing")
    }

    @Test("a followed guardian lets a real instance stay paused for longer than its lease; after the connection's end it opens it")
    func guarded() throws {
        let server = try ScalarAdminServer(), client = try ServeClient(bench), target = server.targets[0], link = ScalarAdminConnection(target, PauseAccess(targets: [target]))
        _ = try client.ask(.startJob(request([target], lease: 2)))
        try follow(client)
        try link.pause(waitSeconds: 1)
        usleep(4_000_000)
        #expect(try link.isPaused())
        #expect(try client.close() == 0)
        let second = try ServeClient(bench), lock = bench.agent.job(Self.job).lock
        while try JobLock.isHeld(lock) { usleep(50_000) }
        guard case .guarded(let result) = try second.follow(Self.job) else { return #expect(Bool(false), "no result") }
        #expect(result == GuardResult(reason: "master-silent", unpaused: [target]))
        #expect(try !link.isPaused())
    }

    @Test("a guardian whose master gives no more signs of life opens, though the connection still stands; one whose master does leaves it paused")
    func signsOfLife() throws {
        let server = try ScalarAdminServer(), client = try ServeClient(bench), target = server.targets[0], link = ScalarAdminConnection(target, PauseAccess(targets: [target]))
        _ = try client.ask(.startJob(request([target], lease: 2)))
        var after = 0
        func sign() throws -> AgentResult { try client.ask(.followJob(Self.job, after: after, seconds: 1)) { if case .job(let number, _) = $0 { after = number } } }
        guard case .jobRuns = try sign() else { return #expect(Bool(false), "it does not run") }
        try link.pause(waitSeconds: 1)
        for _ in 1...4 { guard case .jobRuns = try sign() else { return #expect(Bool(false), "it does not run") } }
        #expect(try link.isPaused())
        let lock = bench.agent.job(Self.job).lock
        while try JobLock.isHeld(lock) { usleep(50_000) }
        #expect(try !link.isPaused())
        guard case .guarded(let result) = try client.follow(Self.job) else { return #expect(Bool(false), "no result") }
        #expect(result == GuardResult(reason: "master-silent", unpaused: [target]))
    }

    @Test("a cancelled guardian opens what is paused, and is not killed as long as it cannot")
    func cancelled() throws {
        let server = try ScalarAdminServer(), client = try ServeClient(bench), target = server.targets[0], link = ScalarAdminConnection(target, PauseAccess(targets: [target]))
        _ = try client.ask(.startJob(request([target], lease: 60)))
        let watcher = try ServeClient(bench)
        try follow(watcher)
        try link.pause(waitSeconds: 1)
        server.signal(SIGSTOP)
        #expect(failure { _ = try client.ask(.cancelJob(Self.job)) }?.code == "agent.job-not-ended")
        server.signal(SIGCONT)
        guard case .guarded(let result) = try client.follow(Self.job) else { return #expect(Bool(false), "no result") }
        #expect(result == GuardResult(reason: "stopped", unpaused: [target]))
        #expect(try !link.isPaused())
    }

    private let bench: AgentBench
    init() throws { bench = try AgentBench() }
}
