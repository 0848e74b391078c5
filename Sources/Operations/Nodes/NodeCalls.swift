import BackupModel
import NodeDispatch

/// Requests to agents, answered as values; a dropped connection is taken up again where a job allows it.
struct NodeCalls: Sendable {
    let dispatch: any NodeDispatch
    let limits: OperationLimits

    init(_ environment: OperationsEnvironment) {
        dispatch = environment.dispatch
        limits = environment.limits
    }

    /// - Throws: `Failure` with the node's name in it.
    func connect(_ node: NodeTarget) async throws -> any AgentConnection {
        do {
            return try await dispatch.connect(to: node)
        } catch {
            // Whoever was cancelled sees its connection go: that is not what happened to it.
            try Task.checkCancellation()
            throw Failure(error).on(node.name)
        }
    }

    func ask(_ connection: any AgentConnection, _ request: AgentRequest, node: NodeTarget) async throws -> AgentResult {
        var answer: Result<AgentResult, Failure>?
        do {
            // To the stream's own end: an iteration that is given up early closes the connection, and others want to ask over it.
            for try await event in await connection.send(request) {
                switch event {
                case .result(let result): answer = .success(result)
                case .failed(let failure): answer = .failure(failure)
                default: continue
                }
            }
        } catch {
            // Whoever was cancelled sees its connection go: that is not what happened to it.
            try Task.checkCancellation()
            throw Failure(error).on(node.name)
        }
        if let answer { return try answer.mapError { $0.on(node.name) }.get() }
        try Task.checkCancellation()
        throw Failure("ssh.connection-lost", "the agent on \(node.name) ended without an answer", recovery: .retry, node: node.name)
    }

    /// One request over a connection of its own.
    func ask(_ node: NodeTarget, _ request: AgentRequest) async throws -> AgentResult {
        let connection = try await connect(node)
        do {
            let result = try await ask(connection, request, node: node)
            await connection.close()
            return result
        } catch {
            await connection.close()
            throw error
        }
    }

    func inspect(_ connection: any AgentConnection, _ access: NodeAccess, ring: RingDetail, node: NodeTarget) async throws -> NodeFacts {
        guard case .facts(let facts) = try await ask(connection, .inspect(access, ring: ring), node: node) else { throw unexpectedAnswer(node) }
        return facts
    }

    func unexpectedAnswer(_ node: NodeTarget) -> Failure { Failure("agent.protocol", "the agent on \(node.name) gave an answer of another kind", recovery: .bug, node: node.name) }
}
