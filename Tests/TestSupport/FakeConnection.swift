package import BackupModel
package import NodeDispatch
import Synchronization

/// One connection to a fake agent: requests are answered one after the other by a closure in this process.
package final class FakeConnection: AgentConnection {
    package typealias Agent = @Sendable (AgentRequest, @escaping @Sendable (AgentEvent) -> Void) async throws -> AgentResult

    package let hello: AgentHello
    let link: FakeLink

    init(hello: AgentHello, node: DispatchError.NodeName, agent: @escaping Agent) {
        self.hello = hello
        link = FakeLink(node: node, agent: agent)
    }

    deinit { link.end("dropped") }

    package func send(_ request: AgentRequest) async -> AsyncThrowingStream<AgentEvent, any Error> { link.send(request) }
    package func close() async { link.end("closed") }
}

final class FakeLink: Sendable {
    private struct State {
        var ended: String?
        var last: Task<Void, Never>?
        var answers: [Int: AsyncThrowingStream<AgentEvent, any Error>.Continuation] = [:]
        var tasks: [Int: Task<Void, Never>] = [:]
        var next = 0
    }

    private let state = Mutex(State())
    private let node: DispatchError.NodeName
    private let agent: FakeConnection.Agent

    init(node: DispatchError.NodeName, agent: @escaping FakeConnection.Agent) {
        self.node = node
        self.agent = agent
    }

    var isEnded: Bool { state.withLock { $0.ended != nil } }

    func send(_ request: AgentRequest) -> AsyncThrowingStream<AgentEvent, any Error> {
        let (stream, answer) = AsyncThrowingStream<AgentEvent, any Error>.makeStream()
        answer.onTermination = { [weak self] in if case .cancelled = $0 { self?.end("the answer was not read to its end") } }
        let ended = state.withLock { state -> String? in
            if let ended = state.ended { return ended }
            let number = state.next, previous = state.last
            state.next += 1
            state.answers[number] = answer
            let task = Task {
                await previous?.value
                await self.answer(request, answer)
                self.state.withLock { (state: inout State) in (state.answers[number], state.tasks[number]) = (nil, nil) }
            }
            (state.last, state.tasks[number]) = (task, task)
            return nil
        }
        if let ended { answer.finish(throwing: DispatchError.connectionLost(node, detail: ended)) }
        return stream
    }

    private func answer(_ request: AgentRequest, _ answer: AsyncThrowingStream<AgentEvent, any Error>.Continuation) async {
        do {
            last(.result(try await agent(request) { answer.yield($0) }), of: answer)
        } catch let failure as Failure {
            last(.failed(failure), of: answer)
        } catch {
            end("\(error)")
        }
    }

    /// Whoever has this event may stop reading: that is no early end any more.
    private func last(_ event: AgentEvent, of answer: AsyncThrowingStream<AgentEvent, any Error>.Continuation) {
        answer.onTermination = nil
        answer.yield(event)
        answer.finish()
    }

    /// Ends whatever is in work and refuses what comes after.
    func end(_ why: String) {
        let (answers, tasks) = state.withLock { state in
            if state.ended == nil { state.ended = why }
            defer { (state.answers, state.tasks) = ([:], [:]) }
            return (Array(state.answers.values), Array(state.tasks.values))
        }
        for answer in answers { answer.finish(throwing: DispatchError.connectionLost(node, detail: why)) }
        for task in tasks { task.cancel() }
    }
}
