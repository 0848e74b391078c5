/// Where a socket leads. Prints as `host:port`, an IPv6 address in brackets.
package struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    package let host: String
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

package enum SocketError: Error, Hashable, Sendable {
    case nameUnknown(Endpoint, reason: String)
    case refused(Endpoint)
    /// No connection came about, for a reason other than a refusal: no route, no permission, too many open files.
    case unreachable(Endpoint, reason: String)
    /// `doing`: connecting, reading, writing, or starting TLS.
    case timedOut(Endpoint, doing: String)
    case reset(Endpoint)
    /// The peer ended the stream after sending `afterBytes` bytes since the socket was opened (TLS records included).
    case closedByPeer(Endpoint, afterBytes: Int)
    case certificateNotTrusted(Endpoint, reason: String)
    /// TLS was begun and the peer answered with something else, or ended the stream without a word.
    case notTLS(Endpoint)
    case tlsFailed(Endpoint, reason: String)
    /// A file of `TLSOptions` cannot be used.
    case badTLSFile(path: String, reason: String)
    /// The socket was closed on this side.
    case closed(Endpoint)
    case failed(Endpoint, reason: String)
}

extension SocketError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .nameUnknown(let endpoint, let reason): "unable to find the host of \(endpoint): \(reason)"
        case .refused(let endpoint): "\(endpoint) refused the connection"
        case .unreachable(let endpoint, let reason): "unable to connect to \(endpoint): \(reason)"
        case .timedOut(let endpoint, let doing): "timed out \(doing) (\(endpoint))"
        case .reset(let endpoint): "\(endpoint) reset the connection"
        case .closedByPeer(let endpoint, let count): "\(endpoint) closed the connection after \(count) bytes"
        case .certificateNotTrusted(let endpoint, let reason): "the certificate of \(endpoint) is not trusted: \(reason)"
        case .notTLS(let endpoint): "\(endpoint) does not speak TLS"
        case .tlsFailed(let endpoint, let reason): "TLS with \(endpoint) failed: \(reason)"
        case .badTLSFile(let path, let reason): "unable to use '\(path)' for TLS: \(reason)"
        case .closed(let endpoint): "the connection to \(endpoint) is closed"
        case .failed(let endpoint, let reason): "the connection to \(endpoint) failed: \(reason)"
        }
    }
}
