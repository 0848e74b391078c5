import Foundation
import HTTPServer

/// Our own server as the client's peer, in a file of its own since both have types of the same names.
final class HTTPClientPeer: Sendable {
    private let server: HTTPServer

    private init(_ listener: HTTPListener) throws {
        server = HTTPServer(listeners: [listener]) { HTTPResponse(status: 200, text: "\($0.method) \($0.body.count)") }
        try server.start()
    }

    static func encrypted(certificate: String, key: String) throws -> HTTPClientPeer {
        let tls = HTTPServerTLS(
            certificatePEM: try String(contentsOfFile: certificate, encoding: .utf8), keyPEM: try String(contentsOfFile: key, encoding: .utf8))
        return try HTTPClientPeer(.tcp(address: "127.0.0.1", port: 0, tls: tls))
    }

    static func unixSocket(_ path: String) throws -> HTTPClientPeer { try HTTPClientPeer(.unixSocket(path: path)) }

    var port: Int { server.ports.first.map { Int($0) } ?? 0 }
    func stop() async { await server.stop(grace: .zero) }
}
