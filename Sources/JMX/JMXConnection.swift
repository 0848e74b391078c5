package import Crypto

/// A connection to one JVM's management interface over RMI, without Java.
///
/// One thread at a time, one call at a time. The server forgets the connection after 120 s without a call (`keepAlive`); connecting anew is the caller's part.
/// After an error with `endsConnection` every further call fails with `.broken`.
package final class JMXConnection {
    package let endpoint: Endpoint
    /// Of each call that names no timeout of its own.
    package let timeout: Duration
    private let channel: RMIChannel
    private let id: [UInt8]
    private var endedBy: JMXError?
    /// Where `fetchNotifications` goes on; nil before `subscribe`.
    var nextNotification: Int64?

    package convenience init(
        host: String, port: Int, credentials: (user: String, password: String)? = nil, tls: TLSOptions? = nil, timeout: Duration = .seconds(10)
    ) throws(JMXError) {
        try self.init(Endpoint(host: host, port: port), credentials: credentials, tls: tls, timeout: timeout, limits: JavaReader.Limits())
    }

    /// - Parameter timeout: Of connecting as a whole, and of each call later.
    init(_ endpoint: Endpoint, credentials: (user: String, password: String)?, tls: TLSOptions?, timeout: Duration, limits: JavaReader.Limits) throws(JMXError)
    {
        self.endpoint = endpoint
        self.timeout = timeout
        let dialling = Dialling(endpoint: endpoint, tls: tls, deadline: .now + timeout, limits: limits)
        (channel, id) = try dialling.connect(credentials)
    }

    deinit { channel.close() }

    package var isUsable: Bool { endedBy == nil }

    package func getAttribute(_ mbean: String, _ attribute: String, timeout: Duration? = nil) throws(JMXError) -> JavaValue {
        try call(.getAttribute, "reading \(attribute)", mbean: mbean, member: attribute, timeout: timeout) { writer in
            writer.objectName(mbean)
            writer.string(attribute)
            writer.null()
        }
    }

    /// Those of `attributes` that exist and can be read; the server silently leaves out the others.
    package func getAttributes(_ mbean: String, _ attributes: [String], timeout: Duration? = nil) throws(JMXError) -> [String: JavaValue] {
        let answer = try call(.getAttributes, "reading \(attributes.joined(separator: ", "))", mbean: mbean, timeout: timeout) { writer in
            writer.objectName(mbean)
            writer.strings(attributes)
            writer.null()
        }
        var values: [String: JavaValue] = [:]
        for item in try answer.list(of: "the list of attributes") {
            let attribute = try item.object(of: "an attribute")
            values[try attribute["name"].string(of: "an attribute's name")] = attribute["value"]
        }
        return values
    }

    package func setAttribute(_ mbean: String, _ attribute: String, _ value: JavaArgument, timeout: Duration? = nil) throws(JMXError) {
        _ = try call(.setAttribute, "setting \(attribute)", mbean: mbean, member: attribute, timeout: timeout) { writer in
            writer.objectName(mbean)
            writer.marshalled { $0.attribute(attribute, value) }
            writer.null()
        }
    }

    /// - Parameters:
    ///   - signature: Type names of the parameters, which must be the MBean's exactly; nil for the usual ones of `arguments`.
    ///   - timeout: After it the operation may go on in the server, but this connection is spent.
    @discardableResult
    package func invoke(
        _ mbean: String, _ operation: String, signature: [String]? = nil, arguments: [JavaArgument] = [], timeout: Duration? = nil
    ) throws(JMXError) -> JavaValue {
        try call(.invoke, operation, mbean: mbean, member: operation, timeout: timeout) { writer in
            writer.objectName(mbean)
            writer.string(operation)
            writer.marshalled { $0.arguments(arguments) }
            writer.strings(signature ?? arguments.map(\.typeName))
            writer.null()
        }
    }

    /// The names that match, sorted.
    package func queryNames(_ pattern: String, timeout: Duration? = nil) throws(JMXError) -> [String] {
        let answer = try call(.queryNames, "listing '\(pattern)'", timeout: timeout) { writer in
            writer.objectName(pattern)
            writer.null()
            writer.null()
        }
        return try answer.strings(of: "the list of MBeans").sorted()
    }

    package func isRegistered(_ mbean: String, timeout: Duration? = nil) throws(JMXError) -> Bool {
        let answer = try call(.isRegistered, "looking for '\(mbean)'", timeout: timeout) { writer in
            writer.objectName(mbean)
            writer.null()
        }
        return try answer.bool(of: "whether the MBean exists")
    }

    /// A call that does nothing. Make one at least every 60 s where the connection must stay ready.
    package func keepAlive(timeout: Duration? = nil) throws(JMXError) {
        _ = try call(.getDefaultDomain, "keeping the connection", timeout: timeout) { $0.null() }
    }

    /// Lets the server forget the connection. Never fails and never waits long: the server finds out by itself in the end.
    package func close() {
        guard isUsable else { return }
        _ = try? call(.close, "closing", timeout: min(timeout, .seconds(2))) { _ in }
        end(.broken(call: "a call", reason: "the connection was closed"))
    }

    func call(
        _ method: RemoteMethod, _ what: String, mbean: String? = nil, member: String? = nil, timeout: Duration? = nil, primitives: [UInt8] = [],
        _ arguments: (inout JavaWriter) -> Void
    ) throws(JMXError) -> JavaValue {
        if let endedBy { throw .broken(call: what, reason: "the connection was given up before: \(endedBy)") }
        var writer = JavaWriter()
        arguments(&writer)
        do throws(JMXError) {
            switch try channel.call(what, id, method, primitives: primitives, writer.bytes, until: .now + (timeout ?? self.timeout)) {
            case .value(let value): return value
            case .nothing: return .null
            case .boolean(let value): return .bool(value)
            case .thrown(let thrown):
                guard let failure = RemoteFailure(thrown) else { throw .broken(call: what, reason: "the server threw \(thrown.kind)") }
                throw failure.error(call: what, mbean: mbean, member: member, isOperation: method.name == "invoke")
            }
        } catch {
            if error.endsConnection { end(error) }
            throw error
        }
    }

    private func end(_ reason: JMXError) {
        endedBy = reason
        channel.close()
    }
}
