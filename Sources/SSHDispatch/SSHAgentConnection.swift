import BackupModel
import NodeDispatch
import Synchronization

/// An agent at the other end of a session. Requests wait here until it has answered the one before; events are decoded when somebody asks for them.
actor SSHAgentConnection: AgentConnection {
    nonisolated let hello: AgentHello
    private let session: SSHSession
    private let node: DispatchError.NodeName
    private let stallTimeout: Duration

    private var reader: AgentFrameReader
    /// Requests are numbered from 0; `current` is the one in work, if it is below `next`.
    private var next = 0
    private var current = 0
    private var waitingFrames: [Int: [UInt8]] = [:]
    private var waiters: [CheckedContinuation<Void, Never>] = []
    private var failure: DispatchError?

    init(hello: AgentHello, reader: AgentFrameReader, session: SSHSession, node: DispatchError.NodeName, stallTimeout: Duration) {
        self.hello = hello
        self.reader = reader
        self.session = session
        self.node = node
        self.stallTimeout = stallTimeout
    }

    // Whoever forgot to close: the loop would keep the session otherwise.
    deinit {
        let session = session
        let busy = current < next
        Task { await session.close(terminating: busy) }
    }

    func send(_ request: AgentRequest) async -> AsyncThrowingStream<AgentEvent, any Error> {
        let body = JSONText.encode(request)
        guard body.count <= AgentFrame.greatestBody else {
            let error = DispatchError.agentProtocol(node, detail: "the request has \(body.count) bytes, more than \(AgentFrame.greatestBody)")
            return AsyncThrowingStream { throw error }
        }
        let ticket = Ticket(number: next, connection: self)
        next += 1
        if ticket.number == current {
            await session.enqueue(AgentFrame.encode(body))
        } else {
            waitingFrames[ticket.number] = AgentFrame.encode(body)
        }
        return AsyncThrowingStream { try await ticket.nextEvent() }
    }

    func close() async {
        let busy = current < next
        fail(.connectionLost(node, detail: "closed by us"))
        await session.close(terminating: busy)
    }

    fileprivate func nextEvent(of ticket: Ticket) async throws -> AgentEvent? {
        if ticket.isOver { return nil }
        while current != ticket.number, failure == nil { await withCheckedContinuation { waiters.append($0) } }
        if let failure { throw failure }
        do {
            let event = try await receive()
            if event.endsRequest { await finish(ticket) }
            return event
        } catch {
            let failure = error as? DispatchError ?? .connectionLost(node, detail: "\(error)")
            fail(failure)
            await session.close(terminating: true)
            throw self.failure ?? failure
        }
    }

    private func receive() async throws -> AgentEvent {
        while true {
            if let body = try nextBody() { return try decode(body) }
            switch await bytes() {
            case .success(let piece): reader.feed(piece)
            case .failure(let error): throw error
            }
        }
    }

    private func bytes() async -> Result<[UInt8], DispatchError> {
        do {
            if let piece = try await session.read(within: stallTimeout) { return .success(piece) }
            return .failure(.connectionLost(node, detail: "the agent \(await session.commandEnd.description)"))
        } catch SSHSessionError.lost(let detail) {
            return .failure(.connectionLost(node, detail: detail))
        } catch {
            return .failure(.connectionLost(node, detail: "nothing came from the agent for \(stallTimeout)"))
        }
    }

    private func nextBody() throws(DispatchError) -> [UInt8]? {
        do throws(AgentFrameError) {
            return try reader.next()
        } catch {
            throw .agentProtocol(node, detail: error.description)
        }
    }

    private func decode(_ body: [UInt8]) throws(DispatchError) -> AgentEvent {
        do {
            let event = try JSONText.decode(AgentEvent.self, from: body)
            if case .hello = event { throw DispatchError.agentProtocol(node, detail: "a second hello") }
            return event
        } catch let error as DispatchError {
            throw error
        } catch {
            throw .agentProtocol(node, detail: "\(error)")
        }
    }

    private func finish(_ ticket: Ticket) async {
        ticket.end()
        current += 1
        wakeWaiters()
        if let frame = waitingFrames.removeValue(forKey: current) { await session.enqueue(frame) }
    }

    private func fail(_ error: DispatchError) {
        if failure == nil { failure = error }
        waitingFrames = [:]
        wakeWaiters()
    }

    private func wakeWaiters() {
        let waking = waiters
        waiters = []
        for waiter in waking { waiter.resume() }
    }
}

/// One request's place in the order. The stream holds it: dropped or cancelled before the end, it takes the connection down.
private final class Ticket: Sendable {
    let number: Int
    private let connection: SSHAgentConnection
    private let over = Atomic(false)

    init(number: Int, connection: SSHAgentConnection) {
        self.number = number
        self.connection = connection
    }

    deinit { abandon() }

    var isOver: Bool { over.load(ordering: .acquiring) }
    func end() { over.store(true, ordering: .releasing) }

    func nextEvent() async throws -> AgentEvent? {
        do {
            return try await withTaskCancellationHandler {
                try await connection.nextEvent(of: self)
            } onCancel: {
                abandon()
            }
        } catch {
            end()
            try Task.checkCancellation()
            throw error
        }
    }

    private func abandon() {
        guard !over.exchange(true, ordering: .acquiringAndReleasing) else { return }
        let connection = connection
        Task { await connection.close() }
    }
}

extension AgentEvent {
    fileprivate var endsRequest: Bool {
        switch self {
        case .result, .failed: true
        case .hello, .heartbeat, .progress, .note, .job: false
        }
    }
}
