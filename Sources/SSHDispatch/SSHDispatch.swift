package import BackupModel
package import NodeDispatch

package struct SSHSettings: Sendable {
    /// For each step of connecting and logging in.
    package var connectTimeout = Duration.seconds(10)
    /// From the remote command to the agent's hello.
    package var helloTimeout = Duration.seconds(10)
    /// After so long a silence a sign of life is asked for; after `keepAliveTries` times as long the connection is given up.
    package var keepAliveInterval = Duration.seconds(15)
    package var keepAliveTries = 3
    /// How long an agent may be silent during a request: it sends a heartbeat every ten seconds.
    package var stallTimeout = Duration.seconds(40)
    package var loginsAtOnce = 16

    package init() {}
}

/// Runs agents on nodes over SSH. Every connection is a login of its own; all share one thread.
package final class SSHDispatch: NodeDispatch {
    private let knownHosts: KnownHosts
    private let bringUp: AgentBringUp
    private let settings: SSHSettings
    private let gate: LoginGate

    /// - Parameter knownHosts: Path of our own file of pinned host keys; it need not exist yet, its folder must.
    package init(knownHosts: String, agent: AgentBinary, settings: SSHSettings = SSHSettings()) {
        self.knownHosts = KnownHosts(path: knownHosts)
        self.settings = settings
        bringUp = AgentBringUp(binary: agent, settings: settings)
        gate = LoginGate(width: settings.loginsAtOnce)
    }

    package func connect(to node: NodeTarget) async throws -> any AgentConnection {
        guard let folder = AgentFolder(node.agentFolder) else {
            throw DispatchError.agentNotStarted(.init(node), detail: "not a folder for it (letters, digits and '_./-', no '..'): \(quoted(node.agentFolder))")
        }
        let session = await SSHSession.adopt(try await login(node), loop: .shared, settings: settings)
        do {
            return try await withTaskCancellationHandler {
                try await bringUp.agent(on: node, in: folder, over: session)
            } onCancel: {
                Task { await session.close(terminating: true) }
            }
        } catch {
            await session.close(terminating: true)
            try Task.checkCancellation()
            throw error
        }
    }

    package func hostKey(of address: HostAddress, port: Int) async throws -> HostKey {
        let login = SSHLogin(address: address, port: port, name: .init("\(address):\(port)"), timeoutSeconds: timeoutSeconds)
        return try await onLoginThread { try login.exchangeKeys(user: "aeneas", preferred: []).1 }
    }

    package func trust(in key: HostKey) throws -> HostTrust { try knownHosts.trust(in: key) }

    package func pin(_ key: HostKey) throws { try knownHosts.pin(key) }

    private func login(_ node: NodeTarget) async throws -> LoggedInSession {
        let login = SSHLogin(address: node.address, port: node.port, name: .init(node), timeoutSeconds: timeoutSeconds)
        let knownHosts = knownHosts
        return try await onLoginThread {
            let pinned = try knownHosts.entries(for: node.address, port: node.port)
            let (session, key) = try login.exchangeKeys(user: node.user, preferred: pinned.map(\.algorithm))
            switch try knownHosts.trust(in: key) {
            case .pinned: break
            case .unknown: throw DispatchError.hostKeyUnknown(login.name, key)
            case .changed(let pinned): throw DispatchError.hostKeyChanged(login.name, key, pinned: pinned)
            }
            try login.authenticate(session, user: node.user, keyFile: node.keyFile)
            return session
        }
    }

    private func onLoginThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await gate.enter()
        let gate = gate
        return try await onOwnThread {
            defer { gate.leave() }
            return try body()
        }
    }

    private var timeoutSeconds: Int { max(1, Int(settings.connectTimeout.components.seconds)) }
}
