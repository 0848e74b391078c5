import Foundation
import HTTPClient
import TestSupport
import Testing

@Suite struct HTTPClientPeerTests {
    let folder = FileManager.default.temporaryDirectory.appending(path: "aeneas-http-\(UUID().uuidString)")

    func options(_ change: (inout HTTPOptions) -> Void) -> HTTPOptions {
        var options = HTTPOptions()
        change(&options)
        return options
    }

    /// The peer answers from async code.
    func send(_ method: String, _ url: String, _ options: HTTPOptions, body: [UInt8] = []) async throws -> String {
        try await onOwnThread { String(decoding: try HTTPConnection(options).send(HTTPRequest(method, url, body: .bytes(body))).body, as: UTF8.self) }
    }

    @Test("TLS trusts the authorities it was given, and only for the right name")
    func tls() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let certificates = try TestCertificates(in: folder, names: ["DNS:node.invalid"])
        let peer = try HTTPClientPeer.encrypted(certificate: certificates.certificate, key: certificates.key)
        let url = "https://node.invalid:\(peer.port)/"
        let untrusting = options { $0.connectTo = ["node.invalid:\(peer.port):127.0.0.1:\(peer.port)"] }
        var trusting = untrusting
        trusting.caFile = certificates.authority
        #expect(try await send("PUT", url, trusting, body: [1, 2]) == "PUT 2")
        var trustingText = untrusting
        trustingText.caPEM = try String(contentsOfFile: certificates.authority, encoding: .utf8)
        #expect(try await send("PUT", url, trustingText, body: [1, 2]) == "PUT 2")
        trustingText.caPEM = try String(contentsOfFile: TestCertificates(in: folder.appending(path: "other"), names: ["DNS:x"]).authority, encoding: .utf8)
        await expectTLSError { [trustingText] in _ = try await send("GET", url, trustingText) }
        await expectTLSError { _ = try await send("GET", url, untrusting) }
        await expectTLSError { _ = try await send("GET", "https://127.0.0.1:\(peer.port)/", trusting) }
        await peer.stop()
    }

    @Test("a Unix socket serves in the place of the URL's host")
    func unixSocket() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = folder.appending(path: "s").path
        let peer = try HTTPClientPeer.unixSocket(path)
        #expect(try await send("POST", "http://aeneasd/x", options { $0.unixSocket = path }, body: [1]) == "POST 1")
        await peer.stop()
    }

    private func expectTLSError(location: SourceLocation = #_sourceLocation, _ body: () async throws -> Void) async {
        do {
            try await body()
            Issue.record("no error", sourceLocation: location)
        } catch HTTPError.tls {
        } catch { Issue.record("\(error)", sourceLocation: location) }
    }
}
