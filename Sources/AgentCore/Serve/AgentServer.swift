import BackupModel
import Glibc
import Processes
import Synchronization
import Threads

/// `aeneas-agent serve`: a hello, then requests from stdin answered one at a time, in order, on stdout.
///
/// While one is in work something is said at least every five seconds. When stdin ends, what is not a job stops: a follower at once, a snapshot
/// when Cassandra has ended it (which it does whether or not anybody waits) and it is cleared, anything else within ten seconds.
final class AgentServer: Sendable {
    private let agent: AgentFolder
    private let parts: AgentParts
    private let hello: AgentHello
    private let requests = RequestReader(0)
    private let events = EventWriter(1)
    private let isBusy = Atomic(false)
    private let isLasting = Atomic(false)

    init(agent: AgentFolder, parts: AgentParts, hello: AgentHello) {
        self.agent = agent
        self.parts = parts
        self.hello = hello
    }

    func run() throws -> Int32 {
        // Jobs are started here and belong to nobody: they are not to stay as zombies.
        signal(SIGCHLD, SIG_IGN)
        events.send(.hello(hello))
        requests.begin()
        Thread.detach { [self] in watch() }
        let nodes = OpenNodes(parts.openNode)
        while true {
            switch requests.next() {
            case .request(let request): answer(request, nodes)
            case .refused(let failure): events.send(.failed(failure))
            case .noise(let failure):
                events.send(.failed(failure))
                return 1
            case .end: return 0
            }
            if events.isBroken { return 0 }
        }
    }

    private func answer(_ request: AgentRequest, _ nodes: OpenNodes) {
        isBusy.store(true, ordering: .relaxed)
        defer { isBusy.store(false, ordering: .relaxed) }
        do {
            let work = AgentWork(
                agent: agent, parts: parts, nodes: nodes, stop: requests.ended, isBroken: { [events] in events.isBroken }, event: events.send,
                lasting: { [self] in isLasting.store($0, ordering: .relaxed) })
            events.send(.result(try work.result(of: request)))
        } catch {
            events.send(.failed(Failure(error)))
        }
    }

    private func watch() {
        var endedAt: Double?
        while true {
            usleep(500_000)
            if isBusy.load(ordering: .relaxed) { events.beat(after: 5) }
            guard requests.ended.isSet else { continue }
            let since = endedAt ?? Monotonic.seconds
            endedAt = since
            // Whatever blocks there (a call to Cassandra, mostly) has nobody to answer to.
            if Monotonic.seconds - since > 10, !isLasting.load(ordering: .relaxed) { exit(0) }
        }
    }
}
