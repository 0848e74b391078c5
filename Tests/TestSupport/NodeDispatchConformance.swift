package import BackupModel
package import NodeDispatch

/// What a dispatcher has to offer to be tested: one node whose host is trusted, with the conformance agent on it.
///
/// The conformance agent answers
/// * `listJobs` with `.jobs([])`;
/// * `followJob(_, after: n)` with `n` job events numbered from 1, then `.jobEnded(.succeeded(.done))`;
/// * `flush` with a note of level `info` whose text is the keyspaces joined by commas, then `.done`;
/// * `inspect` with a failure of code `test.refused`;
/// * `cancelJob` with heartbeats only, until its connection goes.
package protocol NodeDispatchBench: Sendable {
    var dispatch: any NodeDispatch { get }
    var node: NodeTarget { get }
    /// Waits, and answers false when the agent of that hello is still there after a long while.
    func agentEnds(_ hello: AgentHello) async -> Bool
    func killAgent(_ hello: AgentHello)
}

/// One rule that every dispatcher keeps; throws `ConformanceFailure` when it does not.
package struct NodeDispatchConformance: Sendable, CustomStringConvertible {
    package let description: String
    package let check: @Sendable (any NodeDispatchBench) async throws -> Void

    package static let all = [
        Self(description: "a request's events come in order and its stream ends after the result", check: eventsInOrder),
        Self(description: "a request that fails ends its stream without an error of the connection's", check: failureEndsStream),
        Self(description: "requests sent together are answered one after the other", check: oneAfterTheOther),
        Self(description: "five megabytes pass in both directions", check: bigFrames),
        Self(description: "an agent that dies in the middle is a lost connection", check: deathIsLoss),
        Self(description: "ending the iteration early ends the agent", check: breakEndsAgent),
        Self(description: "cancelling the consumer ends it and the agent", check: cancelEndsAgent),
        Self(description: "closing is final, may be repeated and ends the agent", check: closeIsFinal),
        Self(description: "a connection that was dropped ends its agent", check: dropEndsAgent),
        Self(description: "connections to one node do not touch each other", check: independent),
    ]
}

package struct ConformanceFailure: Error, CustomStringConvertible {
    package let description: String
    package init(description: String) { self.description = description }
}

private func require(_ condition: Bool, _ expectation: String) throws {
    if !condition { throw ConformanceFailure(description: "not so: \(expectation)") }
}

extension JobID {
    /// Any job: the conformance agent does not look at it.
    package static let anyOfConformance = JobID(unchecked: "01J9ZK00000000000000000000")
}

private func numbers(_ stream: AsyncThrowingStream<AgentEvent, any Error>) async throws -> [Int] {
    var numbers: [Int] = []
    for try await event in stream {
        switch event {
        case .job(let number, _): numbers.append(number)
        case .result(.jobEnded(.succeeded(.done))): numbers.append(-1)
        default: throw ConformanceFailure(description: "unexpected: \(event)")
        }
    }
    return numbers
}

private func eventsInOrder(_ bench: any NodeDispatchBench) async throws {
    let connection = try await bench.dispatch.connect(to: bench.node)
    for count in [3, 0, 200] {
        let seen = try await numbers(connection.send(.followJob(.anyOfConformance, after: count)))
        try require(seen == Array(0..<count).map { $0 + 1 } + [-1], "events 1 to \(count), then the result: \(seen)")
    }
    await connection.close()
}

private func failureEndsStream(_ bench: any NodeDispatchBench) async throws {
    let connection = try await bench.dispatch.connect(to: bench.node)
    var codes: [String] = []
    for try await event in await connection.send(.inspect(NodeAccess(), ring: .membership)) {
        if case .failed(let failure) = event { codes.append(failure.code) }
    }
    try require(codes == ["test.refused"], "one failure: \(codes)")
    try require(try await numbers(connection.send(.followJob(.anyOfConformance, after: 1))) == [1, -1], "the connection serves on")
    await connection.close()
}

private func oneAfterTheOther(_ bench: any NodeDispatchBench) async throws {
    let connection = try await bench.dispatch.connect(to: bench.node)
    var streams: [AsyncThrowingStream<AgentEvent, any Error>] = []
    for count in 1...3 { streams.append(await connection.send(.followJob(.anyOfConformance, after: count))) }
    let seen = try await withThrowingTaskGroup(of: [Int].self) { group in
        for stream in streams.reversed() { group.addTask { try await numbers(stream) } }
        return try await group.reduce(into: [[Int]]()) { $0.append($1) }
    }
    try require(Set(seen) == [[1, -1], [1, 2, -1], [1, 2, 3, -1]], "each stream its own answer: \(seen)")
    await connection.close()
}

private func bigFrames(_ bench: any NodeDispatchBench) async throws {
    let connection = try await bench.dispatch.connect(to: bench.node)
    let names = (0..<25_000).map { KeyspaceName(unchecked: "k\($0)_" + String(repeating: "x", count: 200)) }
    var text: String?
    for try await event in await connection.send(.flush(FlushRequest(access: NodeAccess(), keyspaces: names))) {
        if case .note(let note) = event { text = note.text }
    }
    try require(text == names.map(\.rawValue).joined(separator: ","), "the echo of all \(names.count) names")
    await connection.close()
}

private func deathIsLoss(_ bench: any NodeDispatchBench) async throws {
    let connection = try await bench.dispatch.connect(to: bench.node)
    do {
        for try await event in await connection.send(.cancelJob(.anyOfConformance)) { if case .heartbeat = event { bench.killAgent(connection.hello) } }
        throw ConformanceFailure(description: "the stream ended without an error")
    } catch DispatchError.connectionLost {}
    try await refusesRequests(connection)
    await connection.close()
}

private func refusesRequests(_ connection: any AgentConnection) async throws {
    do {
        for try await event in await connection.send(.listJobs) { throw ConformanceFailure(description: "an answer over a lost connection: \(event)") }
        throw ConformanceFailure(description: "a request over a lost connection ended without an error")
    } catch DispatchError.connectionLost {}
}

private func breakEndsAgent(_ bench: any NodeDispatchBench) async throws {
    let connection = try await bench.dispatch.connect(to: bench.node)
    func first() async throws { for try await _ in await connection.send(.cancelJob(.anyOfConformance)) { break } }
    try await first()
    try require(await bench.agentEnds(connection.hello), "the agent is gone")
    await connection.close()
}

private func cancelEndsAgent(_ bench: any NodeDispatchBench) async throws {
    let connection = try await bench.dispatch.connect(to: bench.node)
    let (begun, signal) = AsyncStream.makeStream(of: Void.self)
    let consumer = Task { for try await _ in await connection.send(.cancelJob(.anyOfConformance)) { signal.yield() } }
    for await _ in begun { break }
    consumer.cancel()
    _ = await consumer.result
    try require(await bench.agentEnds(connection.hello), "the agent is gone")
    await connection.close()
}

private func closeIsFinal(_ bench: any NodeDispatchBench) async throws {
    let connection = try await bench.dispatch.connect(to: bench.node)
    await connection.close()
    await connection.close()
    try require(await bench.agentEnds(connection.hello), "the agent is gone")
    try await refusesRequests(connection)
}

private func dropEndsAgent(_ bench: any NodeDispatchBench) async throws {
    let hello = try await bench.dispatch.connect(to: bench.node).hello
    try require(await bench.agentEnds(hello), "the agent is gone")
}

private func independent(_ bench: any NodeDispatchBench) async throws {
    let one = try await bench.dispatch.connect(to: bench.node)
    let other = try await bench.dispatch.connect(to: bench.node)
    try require(one.hello.pid != other.hello.pid, "an agent each")
    await one.close()
    try require(try await numbers(other.send(.followJob(.anyOfConformance, after: 2))) == [1, 2, -1], "the other serves on")
    await other.close()
}
