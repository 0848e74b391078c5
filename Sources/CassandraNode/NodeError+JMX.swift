import JMX

extension NodeError {
    init(_ error: JMXError) {
        self =
            switch error {
            case .unreachable(let endpoint, let reason), .notJMX(let endpoint, let reason): .unreachable(endpoint: "\(endpoint)", reason: reason)
            case .tlsExpectedButPlain(let endpoint): .tlsFailed(endpoint: "\(endpoint)", reason: "it does not speak TLS")
            case .plainButTLS(let endpoint): .tlsFailed(endpoint: "\(endpoint)", reason: "it demands TLS")
            case .tlsFailed(let endpoint, let reason): .tlsFailed(endpoint: "\(endpoint)", reason: reason)
            case .authenticationFailed(let endpoint, let reason): .loginRefused(endpoint: "\(endpoint)", reason: reason)
            case .accessDenied(let call, let reason): .notAllowed(call: call, reason: reason)
            case .timedOut(let call): .interrupted(call: call, reason: "no answer in time")
            case .broken(let call, let reason): .interrupted(call: call, reason: reason)
            case .expired: .interrupted(call: "a JMX operation", reason: "the connection has expired")
            case .noSuchMBean(let name): .notReady(missing: "its MBean '\(name)'")
            case .noSuchOperation, .noSuchAttribute, .unexpectedValue: .unexpectedAnswer("\(error)")
            case .remote(_, _, let message?) where NodeError.missingKeyspace(message) != nil: .unknownKeyspace(NodeError.missingKeyspace(message) ?? message)
            case .remote(let call, let javaClass, let message): .remote(call: call, words: message ?? javaClass)
            }
    }

    /// The name in "Keyspace nope does not exist" and "Unknown keyspace 'nope'".
    private static func missingKeyspace(_ message: String) -> String? {
        let words = message.split(separator: " ")
        switch words.count {
        case 5 where words[0] == "Keyspace" && message.hasSuffix(" does not exist"): return String(words[1].filter { $0 != "'" && $0 != "[" && $0 != "]" })
        case 3 where message.lowercased().hasPrefix("unknown keyspace "): return String(words[2].filter { $0 != "'" })
        default: return nil
        }
    }
}
