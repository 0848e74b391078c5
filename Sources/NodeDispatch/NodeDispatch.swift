package import BackupModel

/// "Run this request on that node, stream its events." Every implementation runs `NodeDispatchConformance`.
package protocol NodeDispatch: Sendable {
    /// Logs in, checks the pinned host key, brings the agent there unless the same binary is, starts it and waits for its hello.
    ///
    /// - Throws: `DispatchError`.
    func connect(to node: NodeTarget) async throws -> any AgentConnection

    /// The key that the host shows now, without logging in and without trusting it.
    func hostKey(of address: HostAddress, port: Int) async throws -> HostKey

    /// Whether the key that the host shows is the one pinned: `.pinned`, `.unknown`, `.changed(was:)`.
    func trust(in key: HostKey) throws -> HostTrust

    /// Pins `key` for its address and port, in place of any other.
    func pin(_ key: HostKey) throws
}

/// One agent process at the far end of one login. Requests are answered one at a time, in order.
package protocol AgentConnection: Sendable {
    var hello: AgentHello { get }

    /// Events of one request; the stream finishes after `.result` or `.failed`, and throws `DispatchError.connectionLost` when the connection goes first.
    ///
    /// Ending the iteration early (or cancelling the task) closes the connection: the far end sees its stdin close and stops what is not a job.
    func send(_ request: AgentRequest) async -> AsyncThrowingStream<AgentEvent, any Error>

    func close() async
}

package struct NodeTarget: Codable, Hashable, Sendable {
    package var address: HostAddress
    package var port: Int
    package var user: String
    /// Path on the master of an unencrypted private key.
    package var keyFile: String
    /// Where a pushed agent and its jobs live on the node: absolute, or below the login folder. `[A-Za-z0-9_./-]` without `..`, for it stands in the remote command.
    package var agentFolder: String
    /// For messages: the node's address in the cluster.
    package var name: String

    package init(address: HostAddress, port: Int, user: String, keyFile: String, agentFolder: String, name: String) {
        self.address = address
        self.port = port
        self.user = user
        self.keyFile = keyFile
        self.agentFolder = agentFolder
        self.name = name
    }
}

package struct HostKey: Codable, Hashable, Sendable {
    package var address: HostAddress
    package var port: Int
    /// `ssh-ed25519`
    package var algorithm: String
    /// `SHA256:…` as ssh-keygen -l prints it.
    package var fingerprint: String
    /// Base 64 of the key blob, as in a known_hosts line.
    package var key: String

    package init(address: HostAddress, port: Int, algorithm: String, fingerprint: String, key: String) {
        self.address = address
        self.port = port
        self.algorithm = algorithm
        self.fingerprint = fingerprint
        self.key = key
    }
}

package enum HostTrust: Hashable, Sendable {
    case pinned
    case unknown
    /// The fingerprints that are pinned for this address and port.
    case changed(pinned: [String])
}

package enum DispatchError: FailureConvertible, Hashable, CustomStringConvertible {
    case unreachable(NodeName, detail: String)
    case hostKeyUnknown(NodeName, HostKey)
    case hostKeyChanged(NodeName, HostKey, pinned: [String])
    case loginRefused(NodeName, user: String, detail: String)
    case keyUnreadable(path: String, detail: String)
    /// The agent could not be put there or started.
    case agentNotStarted(NodeName, detail: String)
    /// Something on the node writes into the stream before the agent does.
    case noise(NodeName, text: String)
    case agentProtocol(NodeName, detail: String)
    case connectionLost(NodeName, detail: String)

    package struct NodeName: Hashable, Sendable, CustomStringConvertible {
        package var name: String
        package init(_ target: NodeTarget) { name = target.name == target.address.rawValue ? "\(target.address):\(target.port)" : "\(target.name) (\(target.address):\(target.port))" }
        package init(_ name: String) { self.name = name }
        package var description: String { name }
    }

    package var description: String { failure.description }

    package var failure: Failure {
        switch self {
        case .unreachable(let node, let detail):
            Failure("ssh.unreachable", "cannot reach \(node) by SSH: \(detail)", hint: "is sshd up there, and the port right?", recovery: .retry)
        case .hostKeyUnknown(let node, let key):
            Failure(
                "ssh.host-key-unknown", "the host key of \(node) is not known: \(key.algorithm) \(key.fingerprint)",
                hint: "compare it with the node's own (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then: aeneas host trust \(key.address) --ssh-port \(key.port) --fingerprint \(key.fingerprint)")
        case .hostKeyChanged(let node, let key, let pinned):
            Failure(
                "ssh.host-key-changed", "the host key of \(node) has changed: it shows \(key.fingerprint), pinned is \(pinned.joined(separator: ", "))",
                hint: "was the node rebuilt? if so: aeneas host trust \(key.address) --ssh-port \(key.port) --fingerprint \(key.fingerprint); if not, somebody may stand between")
        case .loginRefused(let node, let user, let detail):
            Failure("ssh.login-refused", "\(node) refuses the login of '\(user)': \(detail)", hint: "is the public key in that user's authorized_keys?")
        case .keyUnreadable(let path, let detail):
            Failure("ssh.key-unreadable", "cannot read the private key '\(path)': \(detail)", hint: "does it exist, without a passphrase, readable by aeneasd alone?")
        case .agentNotStarted(let node, let detail):
            Failure("agent.not-started", "the agent on \(node) did not start: \(detail)", hint: "may the user write and run programs in the agent's folder?")
        case .noise(let node, let text):
            Failure("ssh.noise", "\(node) printed something else before the agent's answer: \(quoted(text))", hint: "does a login script or banner there print to standard output?")
        case .agentProtocol(let node, let detail): Failure("agent.protocol", "the agent on \(node) answered out of turn: \(detail)", recovery: .bug)
        case .connectionLost(let node, let detail): Failure("ssh.connection-lost", "the connection to \(node) was lost: \(detail)", recovery: .retry)
        }
    }
}
