/// How a connection reaches its servers. Redirects are never followed; proxies and `.netrc` are used only as said here.
package struct HTTPOptions: Sendable {
    package enum Version: Sendable {
        case http1
        /// HTTP/2 where TLS agrees on it, else HTTP/1.1.
        case negotiated
        /// HTTP/2 at once, also without TLS (gRPC).
        case http2
    }

    package var version = Version.negotiated
    package var connectSeconds = 10
    /// Without a byte in either direction for so long the exchange fails; nil: never. Time spent in the caller's sink or body does not count.
    package var stallSeconds: Int? = 60
    /// Of the whole exchange; nil: no limit.
    package var totalSeconds: Double?
    /// PEM file of the authorities to trust in place of the system's.
    package var caFile: String?
    /// As `caFile`, as text; of the two, this one counts.
    package var caPEM: String?
    package var unixSocket: String?
    /// `host:port:address:port`: connects elsewhere than the URL says, while the certificate is still checked against the URL's host.
    package var connectTo: [String] = []
    /// `http://proxy:3128`; nil: none, whatever the environment says.
    package var proxy: String?

    package init() {}
}
