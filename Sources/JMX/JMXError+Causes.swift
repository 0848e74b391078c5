import Crypto

extension JMXError {
    /// A socket's failure before the first call.
    init(connecting endpoint: Endpoint, _ error: SocketError) {
        switch error {
        case .notTLS: self = .tlsExpectedButPlain(endpoint)
        case .certificateNotTrusted, .tlsFailed, .badTLSFile: self = .tlsFailed(endpoint, reason: error.description)
        case .nameUnknown(_, let reason): self = .unreachable(endpoint, reason: "unknown host: \(reason)")
        case .refused: self = .unreachable(endpoint, reason: "connection refused")
        case .unreachable(_, let reason), .failed(_, let reason): self = .unreachable(endpoint, reason: reason)
        case .timedOut(_, let doing): self = .unreachable(endpoint, reason: "timed out \(doing)")
        case .reset: self = .unreachable(endpoint, reason: "connection reset")
        case .closedByPeer(_, let count): self = .unreachable(endpoint, reason: "connection closed by the server after \(count) bytes")
        case .closed: self = .unreachable(endpoint, reason: "connection closed")
        }
    }

    /// A socket's failure during a call.
    init(calling what: String, _ error: SocketError) {
        if case .timedOut = error { self = .timedOut(call: what) } else { self = .broken(call: what, reason: error.description) }
    }
}
