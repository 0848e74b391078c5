import Crypto

/// From a host and port to a connection object: the registry names the server object, which makes the connection object.
struct Dialling {
    let endpoint: Endpoint
    let tls: TLSOptions?
    let deadline: ContinuousClock.Instant
    let limits: JavaReader.Limits

    func connect(_ credentials: (user: String, password: String)?) throws(JMXError) -> (RMIChannel, [UInt8]) {
        let registry = try registryChannel()
        let server = try lookUp(registry)
        guard tls != nil || !server.wantsTLS else { throw .plainButTLS(endpoint) }
        let channel = try self.channel(to: server, from: registry)
        let connection = try newClient(channel, server, credentials)
        return (try self.channel(to: connection, from: channel), connection.id)
    }

    /// A server whose objects demand TLS may have a registry that does not (the JVM's default). The registry gives away and is told no secret,
    /// and the certificate is checked where the password goes.
    private func registryChannel() throws(JMXError) -> RMIChannel {
        do { return try open(endpoint, tls) } catch {
            guard case .tlsExpectedButPlain = error else { throw error }
            return try open(endpoint, nil)
        }
    }

    private func lookUp(_ registry: RMIChannel) throws(JMXError) -> RemoteReference {
        switch try registry.lookUp("jmxrmi") {
        case .value(let stub): return try RemoteReference(stub: stub) { .notJMX(endpoint, reason: $0) }
        case .thrown(let thrown):
            guard let failure = RemoteFailure(thrown), failure.innermost.javaClass != "java.rmi.NotBoundException" else {
                throw .notJMX(endpoint, reason: "its registry has no object 'jmxrmi'; is the server still starting?")
            }
            throw .notJMX(endpoint, reason: "its registry failed: \(failure.innermost.message ?? failure.innermost.javaClass)")
        case .nothing, .boolean: throw .notJMX(endpoint, reason: "its registry gave no answer")
        }
    }

    private func newClient(
        _ channel: RMIChannel, _ server: RemoteReference, _ credentials: (user: String, password: String)?
    ) throws(JMXError) -> RemoteReference {
        var writer = JavaWriter()
        if let credentials { writer.strings([credentials.user, credentials.password]) } else { writer.null() }
        switch try channel.call("logging in", server.id, .newClient, writer.bytes, until: deadline) {
        case .value(let stub): return try RemoteReference(stub: stub) { .notJMX(endpoint, reason: $0) }
        case .thrown(let thrown):
            guard let failure = RemoteFailure(thrown) else { throw .broken(call: "logging in", reason: "the server threw \(thrown.kind)") }
            // It may lie inside of a RuntimeException, and hold a LoginException itself.
            if let refusal = failure.chain.first(where: { $0.javaClass == "java.lang.SecurityException" }) {
                throw .authenticationFailed(endpoint, reason: refusal.message ?? "no reason given")
            }
            throw failure.error(call: "logging in", mbean: nil, member: nil, isOperation: false)
        case .nothing, .boolean: throw .broken(call: "logging in", reason: "no connection came back")
        }
    }

    /// Goes on with the channel in hand where that leads to the same port in the same way.
    private func channel(to object: RemoteReference, from channel: RMIChannel) throws(JMXError) -> RMIChannel {
        if object.port == channel.endpoint.port, channel.isSecure == (tls != nil) { return channel }
        channel.close()
        return try open(Endpoint(host: endpoint.host, port: object.port), tls)
    }

    private func open(_ endpoint: Endpoint, _ tls: TLSOptions?) throws(JMXError) -> RMIChannel {
        try RMIChannel(endpoint, tls: tls, deadline: deadline, limits: limits)
    }
}
