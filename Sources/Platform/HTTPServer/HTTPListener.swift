/// Where a server listens.
package enum HTTPListener: Sendable, Equatable {
    /// - Parameter group: Name of the group that the socket file is given to; nil leaves it.
    case unixSocket(path: String, mode: UInt32 = 0o660, group: String? = nil)
    /// - Parameter address: IPv4 or IPv6 in numbers.
    /// - Parameter port: 0 lets the kernel choose.
    case tcp(address: String, port: UInt16, tls: HTTPServerTLS? = nil)
}

package struct HTTPServerTLS: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    package var certificatePEM: String
    package var keyPEM: String

    package init(certificatePEM: String, keyPEM: String) {
        self.certificatePEM = certificatePEM
        self.keyPEM = keyPEM
    }

    package var description: String { "<certificate and key>" }
    package var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

package enum HTTPServerError: Error, Equatable {
    /// Something answers on the Unix socket or holds the port.
    case inUse(String)
    /// A file that is no socket has the Unix socket's path.
    case notASocket(String)
    case pathTooLong(String)
    case unknownGroup(String)
    case badAddress(String)
    /// `call` failed on `place`.
    case system(call: String, place: String, code: Int32)
    /// libmicrohttpd refused; with TLS most often a certificate and key that do not fit or do not parse.
    case notStarted(place: String, tls: Bool)
    case alreadyStarted
}

package struct HTTPLimits: Sendable {
    /// Largest request body.
    package var bodyBytes: Int
    /// At once, on each listener.
    package var connections: Int
    /// Silence after which a connection that waits for the client is closed; whole seconds, at least 1.
    package var idle: Duration
    /// What a streamed response may hold for a client that does not read.
    package var streamBytes: Int

    package init(bodyBytes: Int = 1 << 20, connections: Int = 1000, idle: Duration = .seconds(60), streamBytes: Int = 256 << 10) {
        self.bodyBytes = bodyBytes
        self.connections = connections
        self.idle = idle
        self.streamBytes = streamBytes
    }
}
