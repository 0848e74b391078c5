import Foundation
import HTTPServer
import Testing

@Suite("HTTP server") struct HTTPServerTests {
    private static let loopback = HTTPListener.tcp(address: "127.0.0.1", port: 0)

    /// Runs `body` against a server, then stops it.
    private func serving(
        _ limits: HTTPLimits = HTTPLimits(), listener: HTTPListener = loopback, grace: Duration = .zero,
        handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse = echo, _ body: (HTTPServer) async throws -> Void
    ) async throws {
        let server = HTTPServer(listeners: [listener], limits: limits, handler: handler)
        try server.start()
        do { try await body(server) } catch {
            await server.stop(grace: grace)
            throw error
        }
        await server.stop(grace: grace)
    }

    /// Tells the request back: a line of it, then its body.
    private static let echo: @Sendable (HTTPRequest) async -> HTTPResponse = { request in
        let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        let line = "\(request.method) \(request.segments) \(query) x=\(request.headers["X-Test"] ?? "-") \(request.peer) \(request.body.count)\n"
        return HTTPResponse(status: 200, headers: ["content-type": "text/plain", "x-answer": "1"], body: .bytes(Array(line.utf8) + request.body))
    }

    @Test("method, path, query, headers, body and peer reach the handler, and its answer the client")
    func roundTrip() async throws {
        try await serving { server in
            let outcome = try await Curl.fetch(
                server, "/a%20b/c%2Fd?q=1+2&r=%C3%A9&s", ["-X", "PUT", "-H", "x-tEST: yes", "--data-binary", "@-"], input: "hello")
            #expect(outcome.output.hasPrefix("HTTP/1.1 200 OK"))
            #expect(outcome.output.contains("x-answer: 1"))
            #expect(outcome.output.contains("PUT [\"a b\", \"c/d\"] q=1 2&r=é&s= x=yes tcp(address: \"127.0.0.1\") 5\nhello"))
        }
    }

    @Test("bodies of every size and form arrive whole", arguments: [0, 1, 16_384, 3_000_000])
    func bodies(size: Int) async throws {
        let folder = try ScratchFolder()
        let file = try folder.write(String(repeating: "0123456789", count: size / 10 + 1).prefix(size).description, to: "body")
        try await serving(HTTPLimits(bodyBytes: 4_000_000)) { server in
            for form in [[], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect: 100-continue"], ["-H", "Expect:"]] {
                let outcome = try await Curl.fetch(server, "/", ["--data-binary", "@\(file)", "-o", "\(folder.path)/answer"] + form)
                #expect(outcome.code == 0, "\(outcome.errors)")
                let answer = try String(contentsOfFile: "\(folder.path)/answer", encoding: .utf8)
                #expect(answer.contains(" \(size)\n"))
                #expect(answer.hasSuffix(try String(contentsOfFile: file, encoding: .utf8)))
            }
        }
    }

    @Test("a body over the limit is refused with 413 however it is sent")
    func bodyLimit() async throws {
        let folder = try ScratchFolder()
        let file = try folder.write(String(repeating: "x", count: 100_001), to: "body")
        let handled = Shared(0)
        try await serving(
            HTTPLimits(bodyBytes: 100_000),
            handler: { request in
                handled.add()
                return await Self.echo(request)
            }
        ) { server in
            for form in [
                [], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect: 100-continue"], ["-H", "Expect: 100-continue", "-H", "Transfer-Encoding: chunked"],
            ] {
                let outcome = try await Curl.fetch(server, "/", ["--data-binary", "@\(file)"] + form)
                #expect(outcome.output.contains("HTTP/1.1 413"), "\(form): \(outcome)")
                #expect(!outcome.output.contains("HTTP/1.1 200"))
            }
            let client = try RawClient(port: #require(server.port))
            try await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n")
            #expect(try await client.receive().hasPrefix("HTTP/1.1 4"))
            #expect(handled.value == 0)
        }
    }

    @Test("an endless chunked body is cut")
    func endlessBody() async throws {
        try await serving(HTTPLimits(bodyBytes: 1000)) { server in
            let outcome = try await Curl.fetch(server, "/", ["-X", "POST", "-H", "Transfer-Encoding: chunked", "-T", "/dev/zero"])
            #expect(outcome.code != 0)
            #expect(try await Curl.fetch(server, "/").output.hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test("HEAD gets the headers of the answer without its body")
    func head() async throws {
        try await serving { server in
            let outcome = try await Curl.fetch(server, "/", ["--head"])
            #expect(outcome.code == 0)
            #expect(outcome.output.lowercased().contains("content-length: "))
            #expect(!outcome.output.contains("HEAD ["))
        }
    }

    @Test("targets that could mislead a handler never reach it", arguments: ["/a/../b", "/a/%2e%2E/b", "/./a", "/a%00b", "/a%zz", "/a%f", "/%ff%fe", "/a?b=%"])
    func badTargets(target: String) async throws {
        try await serving { server in
            let outcome = try await Curl.fetch(server, target)
            #expect(outcome.output.hasPrefix("HTTP/1.1 400"))
        }
    }

    /// libmicrohttpd sometimes keeps such a connection until its idle time.
    @Test("bytes that are no request do not end the server")
    func garbage() async throws {
        try await serving(HTTPLimits(idle: .seconds(2))) { server in
            let port = try #require(server.port)
            for text in [
                "\r\n\r\n\r\n", "GET\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET x HTTP/1.1\r\nHost: x\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                "GET /" + String(repeating: "a", count: 100_000) + " HTTP/1.1\r\n\r\n",
            ] {
                let client = try RawClient(port: port)
                try? await client.send(text)
                client.closeSending()
                _ = try await client.receive()
            }
            #expect(try await Curl.fetch(server, "/").output.hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test("two hundred requests at once are all in work together and all answered")
    func manyAtOnce() async throws {
        let (arrived, released) = (Shared(0), Shared(false))
        try await serving(handler: { request in
            arrived.add()
            _ = await eventually { released.value }
            return HTTPResponse(status: 200, text: request.query("n") ?? "")
        }) { server in
            let port = try #require(server.port)
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for n in 0..<200 {
                    group.addTask {
                        let client = try RawClient(port: port)
                        try await client.send("GET /?n=\(n) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                        return try await client.receive().hasSuffix("\r\n\r\n\(n)")
                    }
                }
                #expect(await eventually { arrived.value == 200 })
                released.value = true
                for try await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test("a connection serves one request after the other, events included")
    func keepAlive() async throws {
        try await serving(handler: { request in
            guard request.path == "/events" else { return await Self.echo(request) }
            return .events { writer in for n in 1...3 { try await writer.write(ServerSentEvent(id: "\(n)", data: "a\nb")) } }
        }) { server in
            let client = try RawClient(port: #require(server.port))
            for n in 0..<3 {
                try await client.send("GET /\(n) HTTP/1.1\r\nHost: x\r\n\r\n")
                #expect(try await client.receive(until: " 0\n").contains("[\"\(n)\"]"))
                try await client.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
                #expect(try await client.receive(until: "\r\n0\r\n\r\n").contains("id: 3\ndata: a\ndata: b\n\n"))
            }
        }
    }

    @Test("a client that falls silent in the middle of a request is dropped after the idle time")
    func silentClient() async throws {
        try await serving(HTTPLimits(idle: .seconds(1))) { server in
            for part in ["GET / HT", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n123"] {
                let client = try RawClient(port: #require(server.port))
                try await client.send(part)
                #expect(!(try await client.receive().contains("200")))
            }
        }
    }

    @Test("TLS is served with the given certificate, and a key that does not fit is refused")
    func tls() async throws {
        let folder = try ScratchFolder()
        let made = try await ProgramRun.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "\(folder.path)/key", "-out", "\(folder.path)/cert", "-days", "2", "-subj",
                "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
            ])
        #expect(made.code == 0)
        let certificate = try String(contentsOfFile: "\(folder.path)/cert", encoding: .utf8),
            key = try String(contentsOfFile: "\(folder.path)/key", encoding: .utf8)
        let listener = HTTPListener.tcp(address: "127.0.0.1", port: 0, tls: HTTPServerTLS(certificatePEM: certificate, keyPEM: key))
        #expect(!"\(listener)".contains("PRIVATE"))
        try await serving(listener: listener) { server in
            let outcome = try await ProgramRun.run(
                "/usr/bin/curl", ["-sS", "--cacert", "\(folder.path)/cert", "--noproxy", "*", "--data-binary", "hi", "https://localhost:\(server.port ?? 0)/"])
            #expect(outcome.output.hasSuffix(" 2\nhi"), "\(outcome)")
        }
        let folderSocket = folder.path + "/s"
        let bad = HTTPServer(
            listeners: [
                .unixSocket(path: folderSocket), .tcp(address: "127.0.0.1", port: 0, tls: HTTPServerTLS(certificatePEM: certificate, keyPEM: "nonsense")),
            ],
            handler: Self.echo
        )
        #expect(throws: HTTPServerError.notStarted(place: "127.0.0.1:0", tls: true)) { try bad.start() }
        #expect(!FileManager.default.fileExists(atPath: folderSocket))
    }

    @Test("a port in use, a host name and a start after a start are refused")
    func refusedStarts() async throws {
        try await serving { server in
            let port = try #require(server.port)
            #expect(throws: HTTPServerError.inUse("127.0.0.1:\(port)")) {
                try HTTPServer(listeners: [.tcp(address: "127.0.0.1", port: port)], handler: Self.echo).start()
            }
            #expect(throws: HTTPServerError.badAddress("localhost")) {
                try HTTPServer(listeners: [.tcp(address: "localhost", port: 0)], handler: Self.echo).start()
            }
            #expect(throws: HTTPServerError.alreadyStarted) { try server.start() }
        }
    }

    @Test(
        "IPv6 is served", .enabled(if: (try? String(contentsOfFile: "/proc/net/if_inet6", encoding: .utf8))?.contains(" lo") == true, "no IPv6 loopback here"))
    func ipv6() async throws {
        let server = HTTPServer(listeners: [.tcp(address: "::1", port: 0), Self.loopback], handler: Self.echo)
        try server.start()
        #expect(server.ports.count == 2)
        let outcome = try await ProgramRun.run("/usr/bin/curl", ["-sS", "--noproxy", "*", "http://[::1]:\(server.ports[0])/"])
        #expect(outcome.output.contains("tcp(address: \"::1\")"))
        await server.stop(grace: .zero)
    }
}
