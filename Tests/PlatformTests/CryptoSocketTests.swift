import Crypto
import Dispatch
import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Sockets with deadlines")
struct CryptoSocketTests {
    private func connect(_ server: ScriptedServer, timeout: Duration = .seconds(20)) throws -> StreamSocket {
        try StreamSocket.connect(host: "127.0.0.1", port: server.port, timeout: timeout)
    }

    private func read(_ socket: StreamSocket, _ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count < count {
            let got = try buffer.withUnsafeMutableBytes { try socket.read(into: $0) }
            bytes += buffer.prefix(got)
        }
        return bytes
    }

    @Test("megabytes go and come back whole")
    func echo() throws {
        let server = ScriptedServer { peer in
            guard let bytes = peer.receive(3_000_000) else { return }
            peer.send(bytes)
        }
        let socket = try connect(server)
        let bytes = randomBytes(3_000_000)
        try socket.writeAll(bytes)
        #expect(try read(socket, bytes.count) == bytes)
        #expect(socket.bytesReceived == bytes.count)
        #expect(socket.localAddress == "127.0.0.1")
    }

    @Test("a refused connection names host and port")
    func refused() throws {
        let port = ScriptedServer.unusedPort()
        let error = caught(SocketError.self) { try StreamSocket.connect(host: "127.0.0.1", port: port, timeout: .seconds(20)) }
        #expect(error == .refused(Endpoint(host: "127.0.0.1", port: port)))
        #expect(error?.description == "127.0.0.1:\(port) refused the connection")
    }

    @Test("an unknown host and an impossible port are told apart")
    func unknownHost() {
        let nowhere = caught(SocketError.self) { try StreamSocket.connect(host: "no-such-host.invalid", port: 1, timeout: .seconds(20)) }
        if case .nameUnknown = nowhere {} else { Issue.record("\(String(describing: nowhere))") }
        let port = caught(SocketError.self) { try StreamSocket.connect(host: "127.0.0.1", port: 70000, timeout: .seconds(20)) }
        if case .unreachable = port {} else { Issue.record("\(String(describing: port))") }
    }

    @Test("a silent peer runs into the deadline")
    func silent() throws {
        let server = ScriptedServer { $0.waitForClose() }
        let socket = try connect(server)
        socket.deadline = .now + .milliseconds(50)
        #expect(throws: SocketError.timedOut(socket.endpoint, doing: "reading")) { try read(socket, 1) }
    }

    @Test("a peer that never stops sending runs into the deadline as well")
    func endless() throws {
        let server = ScriptedServer { peer in while peer.send([UInt8](repeating: 7, count: 65536)) {} }
        let socket = try connect(server)
        socket.deadline = .now + .milliseconds(200)
        #expect(throws: SocketError.timedOut(socket.endpoint, doing: "reading")) { try read(socket, .max) }
    }

    @Test("a peer that takes nothing runs into the deadline when written to")
    func full() throws {
        let done = DispatchSemaphore(value: 0)
        let server = ScriptedServer { _ in done.wait() }
        defer { done.signal() }
        let socket = try connect(server)
        socket.deadline = .now + .milliseconds(200)
        #expect(throws: SocketError.timedOut(socket.endpoint, doing: "writing")) { try socket.writeAll([UInt8](repeating: 0, count: 64 << 20)) }
    }

    @Test("the end of a stream says after how many bytes, and a reset is called one")
    func ends() throws {
        let closing = ScriptedServer { $0.send([1, 2, 3]) }
        let socket = try connect(closing)
        #expect(throws: SocketError.closedByPeer(socket.endpoint, afterBytes: 3)) { try read(socket, 4) }

        let resetting = ScriptedServer { peer in
            _ = peer.receive(1)
            peer.reset()
        }
        let other = try connect(resetting)
        try other.writeAll([0])
        #expect(throws: SocketError.reset(other.endpoint)) { try read(other, 1) }
        other.close()
        #expect(throws: SocketError.closed(other.endpoint)) { try read(other, 1) }
    }

    @Test("TLS with a peer that answers otherwise, or hangs up, is not TLS")
    func notTLS() throws {
        let answering: @Sendable (ScriptedServer.Peer) -> Void = { peer in
            peer.send(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
            peer.waitForClose()
        }
        let hangingUp: @Sendable (ScriptedServer.Peer) -> Void = { _ = $0.receiveSome() }
        for script in [answering, hangingUp] {
            let server = ScriptedServer(script)
            let socket = try connect(server)
            #expect(throws: SocketError.notTLS(socket.endpoint)) { try socket.startTLS(TLSOptions(verify: false)) }
        }
    }

    @Test("a file of authorities that is missing is named")
    func missingFile() throws {
        let server = ScriptedServer { $0.waitForClose() }
        let socket = try connect(server)
        let error = caught(SocketError.self) { try socket.startTLS(TLSOptions(caFile: "/nonexistent/ca.pem")) }
        #expect(error == .badTLSFile(path: "/nonexistent/ca.pem", reason: "No such file or directory"))
    }
}

@Suite("TLS against OpenSSL's own server")
struct CryptoTLSTests {
    /// `openssl s_server -rev`: sends each line back reversed.
    private final class ReverseServer {
        let port: Int
        let certificates: TestCertificates
        private let process = Process()

        init(names: [String], _ options: [String] = []) throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: "aeneas-tls-\(UUID().uuidString)")
            certificates = try TestCertificates(in: folder, names: names)
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments =
                ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", certificates.certificate, "-key", certificates.key, "-rev"] + options
            let output = Pipe()
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            process.standardInput = FileHandle.nullDevice
            try process.run()
            var text = ""
            while !text.contains("ACCEPT 127.0.0.1:") || !text.hasSuffix("\n") {
                let data = output.fileHandleForReading.availableData
                if data.isEmpty { break }
                text += String(decoding: data, as: UTF8.self)
            }
            port = text.split(separator: "ACCEPT 127.0.0.1:").last.flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
        }

        func connect(_ options: TLSOptions, host: String = "127.0.0.1") throws -> StreamSocket {
            let socket = try StreamSocket.connect(host: host, port: port, timeout: .seconds(20))
            try socket.startTLS(options)
            return socket
        }

        deinit {
            // A child of one of Dispatch's threads inherits their signal mask, which blocks SIGTERM.
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            try? FileManager.default.removeItem(at: certificates.folder)
        }
    }

    private func exchange(_ socket: StreamSocket) throws -> String {
        try socket.writeAll(Array("abc\n".utf8))
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.last != UInt8(ascii: "\n") {
            let got = try buffer.withUnsafeMutableBytes { try socket.read(into: $0) }
            bytes += buffer.prefix(got)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("an address in the certificate is accepted, with either version", arguments: ["-tls1_2", "-tls1_3"])
    func address(_ version: String) throws {
        let server = try ReverseServer(names: ["IP:127.0.0.1"], [version])
        #expect(try exchange(server.connect(TLSOptions(caFile: server.certificates.authority))) == "cba\n")
    }

    @Test("a name in the certificate is accepted where it is the one expected, and no other")
    func name() throws {
        let server = try ReverseServer(names: ["DNS:node.test"])
        let authority = server.certificates.authority
        #expect(try exchange(server.connect(TLSOptions(caFile: authority, serverName: "node.test"))) == "cba\n")
        let wrongName = caught(SocketError.self) { try server.connect(TLSOptions(caFile: authority, serverName: "other.test")) }
        #expect(wrongName == .certificateNotTrusted(Endpoint(host: "127.0.0.1", port: server.port), reason: "hostname mismatch"))
        let wrongAddress = caught(SocketError.self) { try server.connect(TLSOptions(caFile: authority)) }
        #expect(wrongAddress == .certificateNotTrusted(Endpoint(host: "127.0.0.1", port: server.port), reason: "IP address mismatch"))
    }

    @Test("a certificate of an unknown authority is refused unless nothing is to be verified")
    func unknownAuthority() throws {
        let server = try ReverseServer(names: ["IP:127.0.0.1"])
        let error = caught(SocketError.self) { try server.connect(TLSOptions(caFile: server.certificates.certificate)) }
        if case .certificateNotTrusted = error {} else { Issue.record("\(String(describing: error))") }
        #expect(try exchange(server.connect(TLSOptions(verify: false))) == "cba\n")
    }

    @Test("a client certificate is shown where the server asks for one")
    func clientCertificate() throws {
        let server = try ReverseServer(names: ["IP:127.0.0.1"], ["-Verify", "1", "-verify_return_error", "-tls1_3"])
        let files = server.certificates
        // The test's server trusts nobody: what is shown is read and judged, what is missing is complained of.
        let bare = TLSOptions(caFile: files.authority)
        let error = caught(SocketError.self) { try exchange(server.connect(bare)) }
        #expect(error == .tlsFailed(Endpoint(host: "127.0.0.1", port: server.port), reason: "tlsv13 alert certificate required"))
        let shown = TLSOptions(caFile: files.authority, certificateFile: files.certificate, keyFile: files.key)
        let judged = caught(SocketError.self) { try exchange(server.connect(shown)) }
        #expect(judged == .tlsFailed(Endpoint(host: "127.0.0.1", port: server.port), reason: "tlsv1 alert unknown ca"))
    }
}
