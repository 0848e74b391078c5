package import BackupModel
package import NodeDispatch
import Synchronization

/// A fake: SSH, agents and Cassandra of a whole cluster as values in this process. Nothing of it proves anything of the real ones, which have their own tests;
/// it shows what the master makes of their answers, and can fail, be slow or vanish where the real ones hardly can on request.
///
/// Requests are told as `<address> <kind>`, and scripts match on kind and address: `connect`, `inspect`, `snapshot`, `clear`, `measure`, `startJob upload`,
/// `followJob upload`, `cancelJob upload`, and `job upload` for the job's own work.
package final class FakeCluster: NodeDispatch {
    private struct State {
        var nodes: [String: FakeNode] = [:]
        var rules: [FakeRule] = []
        var log: [String] = []
        var requests: [AgentRequest] = []
        var pinned: [String: String] = [:]
        var fingerprints: [String: String] = [:]
        var links: [Int: WeakLink] = [:]
        var nextPID = 1
        var agent: FakeConnection.Agent?
    }

    private struct WeakLink: Sendable {
        let address: String
        weak var link: FakeLink?
    }

    private let state = Mutex(State())
    package let addresses: [String]

    /// - Parameter seeds: How many of the nodes, the last ones, are seeds.
    package init(nodes count: Int, seeds: Int = 1) {
        addresses = (1...count).map { "10.0.0.\($0)" }
        let addresses = addresses
        state.withLock { state in
            for number in 1...count {
                state.nodes["10.0.0.\(number)"] = FakeNode(number, of: count, seeds: Array(addresses.suffix(seeds)))
                state.fingerprints["10.0.0.\(number)"] = "SHA256:fake-\(number)"
                state.pinned["10.0.0.\(number)"] = "SHA256:fake-\(number)"
            }
        }
    }

    /// Every agent answers by `agent` alone: for the dispatchers' conformance.
    package convenience init(agent: @escaping FakeConnection.Agent) {
        self.init(nodes: 1)
        state.withLock { $0.agent = agent }
    }

    // MARK: scripts and what was seen

    package func on(_ kind: String, times: Int = 1, _ act: FakeAct) { script(kind, nil, times, act) }
    package func on(_ kind: String, _ node: String, times: Int = 1, _ act: FakeAct) { script(kind, node, times, act) }

    private func script(_ kind: String, _ node: String?, _ times: Int, _ act: FakeAct) {
        state.withLock { $0.rules.append(FakeRule(kind: kind, node: node, times: times, act: act)) }
    }

    package func forgetScripts() { state.withLock { $0.rules = [] } }

    package func change(_ address: String, _ body: (inout FakeNode) -> Void) { state.withLock { body(&$0.nodes[address]!) } }
    package func changeAll(_ body: (inout FakeNode) -> Void) { for address in addresses { change(address, body) } }
    package func node(_ address: String) -> FakeNode { state.withLock { $0.nodes[address]! } }
    package var nodes: [FakeNode] { addresses.map(node) }

    /// Every request so far, in the order in which they came.
    package var log: [String] { state.withLock { $0.log } }
    package var requests: [AgentRequest] { state.withLock { $0.requests } }
    package func forgetLog() { state.withLock { ($0.log, $0.requests) = ([], []) } }
    package func count(_ kind: String) -> Int { log.filter { $0.hasSuffix(" " + kind) }.count }

    // MARK: host keys

    package func forgetHostKey(_ address: String) { state.withLock { $0.pinned[address] = nil } }
    package func showOtherHostKey(_ address: String) { state.withLock { $0.fingerprints[address] = "SHA256:other" } }

    package func hostKey(of address: HostAddress, port: Int) async throws -> HostKey {
        let (fingerprint, reachable) = state.withLock { ($0.fingerprints[address.rawValue], $0.nodes[address.rawValue]?.reachable == true) }
        guard let fingerprint, reachable else { throw DispatchError.unreachable(.init("\(address):\(port)"), detail: "fake: no route") }
        return HostKey(address: address, port: port, algorithm: "ssh-ed25519", fingerprint: fingerprint, key: "ZmFrZQ==")
    }

    package func trust(in key: HostKey) throws -> HostTrust {
        switch state.withLock({ $0.pinned[key.address.rawValue] }) {
        case nil: .unknown
        case key.fingerprint?: .pinned
        case let other?: .changed(pinned: [other])
        }
    }

    package func pin(_ key: HostKey) throws { state.withLock { $0.pinned[key.address.rawValue] = key.fingerprint } }

    // MARK: connections

    package func connect(to node: NodeTarget) async throws -> any AgentConnection {
        let address = node.address.rawValue, name = DispatchError.NodeName(node)
        note(address, "connect")
        if let act = take("connect", address) {
            switch act {
            case .fail(let failure): throw failure
            case .hold(let gate): try await gate.wait()
            default: throw DispatchError.unreachable(name, detail: "fake: refused")
            }
        }
        let key = try await hostKey(of: node.address, port: node.port)
        switch try trust(in: key) {
        case .pinned: break
        case .unknown: throw DispatchError.hostKeyUnknown(name, key)
        case .changed(let pinned): throw DispatchError.hostKeyChanged(name, key, pinned: pinned)
        }
        return register(address, name)
    }

    private func register(_ address: String, _ name: DispatchError.NodeName) -> FakeConnection {
        state.withLock { state in
            let pid = state.nextPID
            state.nextPID += 1
            let hello = AgentHello(binarySHA256: SHA256Hex(unchecked: String(repeating: "0", count: 64)), version: "fake", pid: pid, hostName: address)
            let connection = FakeConnection(hello: hello, node: name, agent: state.agent ?? FakeAgent(cluster: self, address: address).answer)
            state.links[pid] = WeakLink(address: address, link: connection.link)
            return connection
        }
    }

    package func agentIsGone(_ hello: AgentHello) -> Bool { state.withLock { $0.links[hello.pid]?.link }?.isEnded ?? true }
    package func killAgent(_ hello: AgentHello) { state.withLock { $0.links[hello.pid]?.link }?.end("killed") }

    /// Cuts every connection to a node.
    package func cut(_ address: String) {
        let links = state.withLock { state in state.links.values.filter { $0.address == address }.compactMap(\.link) }
        for link in links { link.end("cut") }
    }

    // MARK: for the agents

    func note(_ address: String, _ kind: String, _ request: AgentRequest? = nil) {
        state.withLock { state in
            state.log.append("\(address) \(kind)")
            if let request { state.requests.append(request) }
        }
    }

    func take(_ kind: String, _ address: String) -> FakeAct? {
        state.withLock { state in
            guard let at = state.rules.firstIndex(where: { $0.kind == kind && ($0.node ?? address) == address && $0.times > 0 }) else { return nil }
            state.rules[at].times -= 1
            return state.rules[at].act
        }
    }

    /// A node's own view, with the ring as the cluster stands.
    func facts(_ address: String) -> NodeFacts? {
        state.withLock { state in
            guard let node = state.nodes[address], node.running else { return nil }
            var facts = node.answersAs ?? node.facts
            if facts.ring.isEmpty { facts.ring = addresses.map { state.nodes[$0]!.member(seenUp: state.nodes[$0]!.running) } }
            facts.clock = Timestamp("2026-11-24T14:55:00.000Z")!
            facts.snapshots = node.snapshots.sorted()
            return facts
        }
    }

    func update<Value: Sendable>(_ address: String, _ body: (inout FakeNode) throws -> sending Value) rethrows -> Value { try state.withLock { try body(&$0.nodes[address]!) } }
}
