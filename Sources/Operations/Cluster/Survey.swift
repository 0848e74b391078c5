import BackupModel
import NodeDispatch

/// What every node of a ring says at about one time.
struct Survey: Sendable {
    struct Answer: Sendable {
        let member: RingMember
        let target: NodeTarget
        let access: NodeAccess
        let facts: Result<NodeFacts, Failure>
        /// The node's clock minus ours.
        let clockOffsetMilliseconds: Int?
        /// Kept open when asked for and the agent answered.
        let connection: (any AgentConnection)?

        var live: NodeFacts? { try? facts.get() }

        /// With the other's members and keyspaces in place of equal ones: a thousand copies of a list of a thousand are much memory.
        func sharing(_ view: NodeFacts) -> Answer {
            guard case .success(var own) = facts else { return self }
            if own.members == view.members { own.members = view.members }
            if own.keyspaces == view.keyspaces { own.keyspaces = view.keyspaces }
            return Answer(member: member, target: target, access: access, facts: .success(own), clockOffsetMilliseconds: clockOffsetMilliseconds, connection: connection)
        }

        var trouble: String {
            guard case .failure(let failure) = facts else { return "" }
            return failure.description
        }
    }

    /// As the first node that answered sees the ring.
    let firstView: NodeFacts
    /// Of the ring they tell its membership only.
    let answers: [Answer]

    func answer(of host: HostID) -> Answer? { answers.first { $0.member.hostID == host } }

    func closeConnections() async {
        for answer in answers { await answer.connection?.close() }
    }

    /// Everything that speaks against starting work on the whole cluster, worst first; empty when all is well.
    var troubles: [Failure] {
        nodesDown + notNormal + wrongNodes + schemaDisagreement + viewsDiffer
    }

    private var nodesDown: [Failure] {
        // Gone through once: each of a thousand nodes tells of a thousand.
        var witnesses: [String: String] = [:]
        for witness in answers {
            for member in witness.live?.ring ?? [] where !member.up && witnesses[member.address] == nil { witnesses[member.address] = witness.member.address }
        }
        return answers.compactMap { answer in
            if case .failure(let failure) = answer.facts {
                // One that answers is not down, whatever it says: a wrong password or an unreadable file is a thing to mend by itself.
                guard ["cassandra.unreachable", "cassandra.not-ready", "cassandra.call-interrupted"].contains(failure.code) else { return failure.on(answer.member.address) }
                return Failure("cluster.node-down", "node \(answer.member.address) is down", hint: "nodetool status", recovery: .fix, node: answer.member.address, cause: failure)
            }
            guard let witness = witnesses[answer.member.address] else { return nil }
            return Failure("cluster.node-down", "node \(answer.member.address) is down as \(witness) sees it", hint: "nodetool status on \(witness)", node: answer.member.address)
        }
    }

    private var notNormal: [Failure] {
        let states = answers.flatMap { $0.live?.ring ?? [] }.filter { $0.state != .normal }
        let moving = Dictionary(states.map { ($0.address, $0.state) }, uniquingKeysWith: { first, _ in first }).sorted { $0.key < $1.key }.map { address, state in
            Failure("cluster.node-\(state.rawValue)", "node \(address) is \(state.rawValue)", hint: "wait until 'nodetool status' shows UN for every node", recovery: .retry, node: address)
        }
        let modes = answers.compactMap { answer -> Failure? in
            guard let mode = answer.live?.mode, mode != "NORMAL", !moving.contains(where: { $0.node == answer.member.address }) else { return nil }
            return Failure("cluster.node-not-normal", "node \(answer.member.address) is in mode \(mode)", hint: "nodetool netstats there", recovery: .retry, node: answer.member.address)
        }
        return moving + modes
    }

    private var wrongNodes: [Failure] {
        answers.compactMap { answer in
            guard let facts = answer.live, let expected = answer.member.hostID, facts.hostID != expected else { return nil }
            return Failure(
                "cluster.wrong-node", "the agent at \(answer.target.address):\(answer.target.port) found the Cassandra of \(facts.address) (host id \(facts.hostID)), not that of \(answer.member.address)",
                hint: "are the JMX and SSH ports of this node right in the cluster's settings?", node: answer.member.address)
        }
    }

    private var schemaDisagreement: [Failure] {
        let versions = Dictionary(grouping: answers.compactMap { answer in answer.live.map { (answer.member.address, $0.schemaVersion) } }, by: \.1)
        guard versions.count > 1 else { return [] }
        let told = versions.sorted { $0.key < $1.key }.map { "\($0.key) on \($0.value.map(\.0).sorted().joined(separator: ", "))" }.joined(separator: "; ")
        return [Failure("cluster.schema-disagreement", "the nodes have \(versions.count) schema versions: \(told)", hint: "wait, or see 'nodetool describecluster'", recovery: .retry)]
    }

    private var viewsDiffer: [Failure] {
        answers.compactMap { answer in
            guard let facts = answer.live, facts.members != firstView.members else { return nil }
            return Failure(
                "cluster.views-differ", "node \(answer.member.address) sees other members than \(firstView.address)", hint: "compare 'nodetool status' on both", recovery: .retry,
                node: answer.member.address)
        }
    }

    /// One failure for all troubles: the first, with the others told in its summary.
    var trouble: Failure? {
        guard var first = troubles.first else { return nil }
        let others = troubles.dropFirst()
        if !others.isEmpty { first.summary += "; also: " + others.map(\.summary).joined(separator: "; ") }
        return first
    }
}

/// Asks every node of a ring for its facts, beginning with whichever of some addresses answers first.
struct Surveyor: Sendable {
    let calls: NodeCalls
    let access: ClusterAccess
    let clock: @Sendable () -> Timestamp
    let width: Int

    init(_ environment: OperationsEnvironment, _ access: ClusterAccess) {
        calls = NodeCalls(environment)
        self.access = access
        clock = environment.clock
        width = environment.limits.nodesAtOnce
    }

    /// - Parameter keep: Whether the answers hold their connections open; close them with `closeConnections()`.
    /// - Throws: `Failure` when none of `addresses` gives its view of the ring: the first address's own.
    func survey(from addresses: [String], keep: Bool = false) async throws -> Survey {
        var failures: [Failure] = []
        for address in addresses {
            do {
                let first = try await look(RingMember(hostID: nil, address: address, datacenter: "", rack: "", up: true, state: .normal, tokens: []), ring: .whole, keep: false)
                let view = try first.facts.get()
                let members = view.ring.sorted { $0.address < $1.address }
                let answers = await onEach(members, width: width) { try await look($0, ring: .membership, keep: keep).sharing(view) }
                // Else a run that is cancelled just now would look like one whose nodes are down.
                if Task.isCancelled {
                    for answer in answers { await (try? answer.get())?.connection?.close() }
                    throw CancellationError()
                }
                return Survey(firstView: view, answers: try answers.map { try $0.get() })
            } catch {
                try Task.checkCancellation()
                failures.append(Failure(error))
            }
        }
        throw failures.first ?? Failure("cluster.no-nodes", "the cluster has no known nodes", recovery: .bug)
    }

    private func look(_ member: RingMember, ring: RingDetail, keep: Bool) async throws -> Survey.Answer {
        let target: NodeTarget, nodeAccess: NodeAccess
        do {
            (target, nodeAccess) = (try access.target(member.address), try access.access(member.address))
        }
        do {
            let connection = try await calls.connect(target)
            do {
                let facts = try await calls.inspect(connection, nodeAccess, ring: ring, node: target)
                let offset = facts.clock.milliseconds - clock().milliseconds
                if !keep { await connection.close() }
                return Survey.Answer(member: member, target: target, access: nodeAccess, facts: .success(facts), clockOffsetMilliseconds: offset, connection: keep ? connection : nil)
            } catch {
                if !keep { await connection.close() }
                return Survey.Answer(member: member, target: target, access: nodeAccess, facts: .failure(Failure(error)), clockOffsetMilliseconds: nil, connection: keep ? connection : nil)
            }
        } catch {
            return Survey.Answer(member: member, target: target, access: nodeAccess, facts: .failure(Failure(error)), clockOffsetMilliseconds: nil, connection: nil)
        }
    }
}
