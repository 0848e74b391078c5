import Crypto

/// One TCP connection to one RMI endpoint (Java's wire protocol, stream form): a call and its reply at a time.
///
/// A reply has no length; its end is found by reading it. Once a reply was not read to its end, the channel is useless.
final class RMIChannel {
    enum Reply {
        case value(JavaValue)
        case nothing
        case boolean(Bool)
        case thrown(JavaValue)
    }

    private static let lookupOperation: UInt32 = 2
    private static let lookupHash: UInt64 = 0x4415_4dc9_d4e6_3bdf

    let endpoint: Endpoint
    let isSecure: Bool
    private let socket: StreamSocket
    private let source: ReplyBytes
    private let limits: JavaReader.Limits

    init(_ endpoint: Endpoint, tls: TLSOptions?, deadline: ContinuousClock.Instant, limits: JavaReader.Limits) throws(JMXError) {
        self.endpoint = endpoint
        self.limits = limits
        isSecure = tls != nil
        do {
            socket = try StreamSocket.connect(host: endpoint.host, port: endpoint.port, timeout: deadline - .now)
            socket.deadline = deadline
            if let tls { try socket.startTLS(tls) }
        } catch { throw JMXError(connecting: endpoint, error) }
        let socket = socket
        source = ReplyBytes(limit: limits.bytes) { buffer throws(SocketError) -> Int in try socket.read(into: buffer) }
        do { try shakeHands() } catch {
            switch error {
            case .timedOut: throw .unreachable(endpoint, reason: "it takes connections but sends no greeting")
            case .broken(_, let reason): throw .notJMX(endpoint, reason: reason)
            default: throw error
            }
        }
    }

    private func shakeHands() throws(JMXError) {
        source.call = "the greeting"
        try send(Array("JRMI".utf8) + [0, 2, 0x4b])
        let answer = try source.byte()
        switch answer {
        case 0x4e: break
        case 0x15: throw .plainButTLS(endpoint)  // a TLS alert
        default: throw .notJMX(endpoint, reason: "it does not answer as Java's RMI does")
        }
        _ = try source.utf()
        _ = try source.integer(UInt32.self)
        var identity: [UInt8] = []
        identity.appendUTF(socket.localAddress)
        identity.appendBigEndian(UInt32(0))
        try send(identity)
    }

    /// Asks a registry for the object named `name`.
    func lookUp(_ name: String) throws(JMXError) -> Reply {
        var writer = JavaWriter()
        writer.string(name)
        return try exchange("looking up '\(name)'", RemoteReference.registry, Self.lookupOperation, Self.lookupHash, [], writer.bytes, .value)
    }

    func call(
        _ what: String, _ object: [UInt8], _ method: RemoteMethod, primitives: [UInt8] = [], _ arguments: [UInt8] = [], until deadline: ContinuousClock.Instant
    ) throws(JMXError) -> Reply {
        socket.deadline = deadline
        return try exchange(what, object, .max, method.hash, primitives, arguments, method.result)
    }

    func close() { socket.close() }

    private func exchange(
        _ what: String, _ object: [UInt8], _ operation: UInt32, _ hash: UInt64, _ primitives: [UInt8], _ arguments: [UInt8], _ result: RemoteMethod.Result
    ) throws(JMXError) -> Reply {
        source.call = what
        guard source.isEmpty else { throw source.broken("the server sent more than was asked") }
        var header = object
        header.appendBigEndian(operation)
        header.appendBigEndian(hash)
        header += primitives
        try send([0x50] + JavaWriter.streamHeader + [0x77, UInt8(header.count)] + header + arguments)
        return try reply(result)
    }

    private func send(_ bytes: [UInt8]) throws(JMXError) {
        do { try socket.writeAll(bytes) } catch { throw JMXError(calling: source.call, error) }
    }

    private func reply(_ result: RemoteMethod.Result) throws(JMXError) -> Reply {
        source.beginReply(limit: limits.bytes)
        let tag = try source.byte()
        guard tag == 0x51 else { throw source.broken("0x\(String(tag, radix: 16)) came in place of a reply") }
        let reader = JavaReader(source, limits: limits)
        try reader.streamHeader()
        let head = try reader.block()
        guard head.count >= 15 else { throw source.broken("the reply's header is too short") }
        if head[0] == 2 { return .thrown(try reader.value()) }
        guard head[0] == 1 else { throw source.broken("the reply is neither a result nor a failure") }
        switch result {
        case .value: return .value(try reader.value())
        case .nothing: return .nothing
        case .boolean:
            guard head.count == 16 else { throw source.broken("the reply holds no boolean") }
            return .boolean(head[15] != 0)
        }
    }
}
