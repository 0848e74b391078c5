package import Crypto

package enum JMXError: Error, Hashable, Sendable {
    /// No connection, or none any more before the first call: refused, no route, unknown host, too slow.
    case unreachable(Endpoint, reason: String)
    /// Something answers, but it is not a JMX server, or not one that is ready.
    case notJMX(Endpoint, reason: String)
    case tlsExpectedButPlain(Endpoint)
    case plainButTLS(Endpoint)
    case tlsFailed(Endpoint, reason: String)
    case authenticationFailed(Endpoint, reason: String)
    /// The user is known and may not do this.
    case accessDenied(call: String, reason: String)
    /// What was asked may still be going on in the server.
    case timedOut(call: String)
    /// The stream can no longer be trusted; what was asked may or may not have happened.
    case broken(call: String, reason: String)
    /// The server dropped the connection object (120 s without a call, or a restart). Nothing was done: connect anew.
    case expired
    case noSuchMBean(String)
    case noSuchOperation(mbean: String, operation: String)
    case noSuchAttribute(mbean: String, attribute: String)
    /// The call succeeded with something else than what this client can use.
    case unexpectedValue(of: String, expected: String, met: String)
    /// What the MBean itself threw, the innermost exception.
    case remote(call: String, javaClass: String, message: String?)

    /// The connection that threw this refuses further calls.
    package var endsConnection: Bool {
        switch self {
        case .unreachable, .notJMX, .tlsExpectedButPlain, .plainButTLS, .tlsFailed, .authenticationFailed, .timedOut, .broken, .expired: true
        case .accessDenied, .noSuchMBean, .noSuchOperation, .noSuchAttribute, .unexpectedValue, .remote: false
        }
    }
}

extension JMXError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreachable(let endpoint, let reason): "unable to reach JMX at \(endpoint): \(reason)"
        case .notJMX(let endpoint, let reason): "no usable JMX server at \(endpoint): \(reason)"
        case .tlsExpectedButPlain(let endpoint): "JMX at \(endpoint) does not speak TLS"
        case .plainButTLS(let endpoint): "JMX at \(endpoint) demands TLS"
        case .tlsFailed(let endpoint, let reason): "TLS with JMX at \(endpoint) failed: \(reason)"
        case .authenticationFailed(let endpoint, let reason): "JMX at \(endpoint) refused the user or password: \(reason)"
        case .accessDenied(let call, let reason): "\(call) is not allowed: \(reason)"
        case .timedOut(let call): "\(call) timed out"
        case .broken(let call, let reason): "\(call) broke off: \(reason)"
        case .expired: "the JMX connection has expired"
        case .noSuchMBean(let name): "there is no MBean '\(name)'"
        case .noSuchOperation(let mbean, let operation): "MBean '\(mbean)' has no operation \(operation)"
        case .noSuchAttribute(let mbean, let attribute): "MBean '\(mbean)' has no attribute \(attribute)"
        case .unexpectedValue(let what, let expected, let met): "\(what) is \(met) rather than \(expected)"
        case .remote(let call, let javaClass, let message): "\(call) failed: \(message ?? "no message") (\(javaClass))"
        }
    }
}
