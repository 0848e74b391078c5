import HTTPServer
import Testing

@Suite("HTTP server: streams and stopping") struct HTTPServerStreamTests {
    private final class Counts: Sendable {
        let started = Shared(0), ended = Shared(0), written = Shared(0)
        var balanced: Bool { started.value == ended.value }
    }

    private func server(
        _ counts: Counts, _ limits: HTTPLimits = HTTPLimits(), produce: @escaping @Sendable (HTTPBodyWriter) async throws -> Void
    ) throws -> HTTPServer {
        let server = HTTPServer(listeners: [.tcp(address: "127.0.0.1", port: 0)], limits: limits) { _ in
            .events { writer in
                counts.started.add()
                defer { counts.ended.add() }
                try await produce(writer)
            }
        }
        try server.start()
        return server
    }

    private static let request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    /// One event, then none: the state in which the connection is suspended.
    private static let quiet: @Sendable (HTTPBodyWriter) async throws -> Void = { writer in
        try await writer.write(ServerSentEvent(data: "first"))
        try await Task.sleep(for: .seconds(600))
    }

    @Test("events reach the client as they come, and the producer's end ends the stream")
    func delivery() async throws {
        let goOn = Shared(false)
        let server = try server(Counts()) { writer in
            try await writer.write(ServerSentEvent(event: "step", id: "1", data: "one"))
            _ = await eventually { goOn.value }
            try await writer.write(ServerSentEvent(data: "two"))
        }
        let client = try RawClient(port: #require(server.port))
        try await client.send(Self.request)
        let first = try await client.receive(until: "data: one\n\n")
        #expect(first.contains("event: step\nid: 1\ndata: one\n\n"))
        #expect(first.contains("text/event-stream"))
        goOn.value = true
        #expect(try await client.receive(until: "\r\n0\r\n\r\n").contains("data: two\n\n"))
        await server.stop(grace: .zero)
    }

    @Test("an AsyncStream is sent to its end, and told when the client goes")
    func asyncStream() async throws {
        let terminated = Shared(false)
        let server = HTTPServer(listeners: [.tcp(address: "127.0.0.1", port: 0)]) { request in
            let (stream, continuation) = AsyncStream<[UInt8]>.makeStream()
            continuation.onTermination = { _ in terminated.value = true }
            for n in 0..<3 { continuation.yield(Array("part\(n)".utf8)) }
            if request.path == "/finite" { continuation.finish() }
            return HTTPResponse(status: 200, body: .stream(stream))
        }
        try server.start()
        let outcome = try await Curl.fetch(server, "/finite")
        #expect(outcome.output.hasSuffix("part0part1part2"))
        terminated.value = false
        do {
            let client = try RawClient(port: #require(server.port))
            try await client.send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try await client.receive(until: "part2")
        }
        #expect(await eventually { terminated.value })
        await server.stop(grace: .zero)
    }

    @Test("a producer that waits is cancelled when its client goes, whichever way it goes", arguments: ["close", "reset", "half"])
    func clientGone(way: String) async throws {
        let counts = Counts()
        let server = try server(counts, produce: Self.quiet)
        for _ in 0..<20 {
            let client = try RawClient(port: #require(server.port))
            try await client.send(Self.request)
            #expect(try await client.receive(until: "first").contains("first"))
            if way == "reset" { client.reset() }
            if way == "half" { client.closeSending() }
        }
        #expect(await eventually { counts.ended.value == 20 })
        await server.stop(grace: .zero)
    }

    @Test("clients that come and go while much is written leave no producer behind")
    func churn() async throws {
        let counts = Counts()
        let server = try server(counts, HTTPLimits(streamBytes: 4096)) { writer in
            while true {
                try await writer.write([UInt8](repeating: 0x2e, count: 1000))
                if counts.written.add() % 7 == 0 { await Task.yield() }
            }
        }
        let port = try #require(server.port)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for n in 0..<100 {
                group.addTask {
                    let client = try RawClient(port: port)
                    try await client.send(Self.request)
                    _ = try await client.receive(until: "....")
                    if n % 2 == 0 { client.reset() }
                }
            }
            try await group.waitForAll()
        }
        #expect(await eventually { counts.started.value == 100 && counts.balanced })
        await server.stop(grace: .zero)
    }

    @Test("a client that does not read holds its producer, not the server's memory")
    func slowClient() async throws {
        let counts = Counts()
        let server = try server(counts, HTTPLimits(streamBytes: 10_000)) { writer in
            while true {
                try await writer.write([UInt8](repeating: 0x2e, count: 1000))
                counts.written.add(1000)
            }
        }
        let client = try RawClient(port: #require(server.port))
        try await client.send(Self.request)
        // The kernel's buffers take some megabytes; after that nothing may be written any more.
        var (last, unchanged) = (-1, 0)
        #expect(
            await eventually {
                let now = counts.written.value
                (last, unchanged) = (now, now > 0 && now == last ? unchanged + 1 : 0)
                return unchanged == 50
            })
        #expect(counts.written.value < 50_000_000)
        #expect(try await Curl.fetch(server, "/", ["--max-time", "1"]).output.hasPrefix("HTTP/1.1 200"))
        withExtendedLifetime(client) {}
        await server.stop(grace: .zero)
        #expect(await eventually { counts.balanced })
    }

    @Test("an error in the producer cuts the response so that the client can tell")
    func producerFails() async throws {
        struct Broken: Error {}
        let server = try server(Counts()) { writer in
            try await writer.write(ServerSentEvent(data: "first"))
            throw Broken()
        }
        #expect(try await Curl.fetch(server, "/").code != 0)
        await server.stop(grace: .zero)
    }

    @Test("HEAD on a stream leaves no producer behind")
    func headOnStream() async throws {
        let counts = Counts()
        let server = try server(counts, produce: Self.quiet)
        #expect(try await Curl.fetch(server, "/", ["--head"]).code == 0)
        #expect(await eventually { counts.balanced })
        await server.stop(grace: .zero)
    }

    @Test("stopping lets a request in work end, refuses new ones, and ends streams")
    func gracefulStop() async throws {
        let (working, release) = (Shared(false), Shared(false))
        let counts = Counts()
        let server = HTTPServer(listeners: [.tcp(address: "127.0.0.1", port: 0)]) { request in
            if request.path == "/events" {
                return .events { writer in
                    counts.started.add()
                    defer { counts.ended.add() }
                    try await Self.quiet(writer)
                }
            }
            if request.path == "/hello" { return HTTPResponse(status: 200, text: "hello") }
            working.value = true
            _ = await eventually { release.value }
            return HTTPResponse(status: 200, text: "finished")
        }
        try server.start()
        let port = try #require(server.port)
        let (slow, events, idle) = (try RawClient(port: port), try RawClient(port: port), try RawClient(port: port))
        try await slow.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        try await events.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = try await events.receive(until: "first")
        // Accepted for certain, so that it is not lost with the listening socket's queue.
        try await idle.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try await idle.receive(until: "hello").hasSuffix("hello"))
        #expect(await eventually { working.value })
        async let stopped: Void = server.stop(grace: .seconds(30))
        #expect(await eventually { (try? RawClient(port: port)) == nil })
        try await idle.send(Self.request)
        #expect(try await idle.receive().hasPrefix("HTTP/1.1 503"))
        release.value = true
        #expect(try await slow.receive().hasSuffix("finished"))
        #expect(try await events.receive().hasSuffix("0\r\n\r\n"))
        await stopped
        #expect(counts.balanced)
    }

    @Test("a request that outlasts the grace is cancelled and answered with 503")
    func graceEnds() async throws {
        let (working, cancelled) = (Shared(false), Shared(false))
        let server = HTTPServer(listeners: [.tcp(address: "127.0.0.1", port: 0)]) { _ in
            working.value = true
            try? await Task.sleep(for: .seconds(600))
            cancelled.value = Task.isCancelled
            return HTTPResponse(status: 200, text: "late")
        }
        try server.start()
        let client = try RawClient(port: #require(server.port))
        try await client.send(Self.request)
        #expect(await eventually { working.value })
        await server.stop(grace: .milliseconds(50))
        #expect(try await client.receive().hasPrefix("HTTP/1.1 503"))
        #expect(await eventually { cancelled.value })
        await server.stop()
    }

    @Test("stopping amid a crowd of requests, uploads and streams leaves nothing behind")
    func stopInCrowd() async throws {
        let counts = Counts()
        for round in 0..<10 {
            let server = HTTPServer(listeners: [.tcp(address: "127.0.0.1", port: 0)], limits: HTTPLimits(streamBytes: 2000)) { request in
                if request.path == "/plain" {
                    try? await Task.sleep(for: .milliseconds(round))
                    return HTTPResponse(status: 200, text: "x")
                }
                return .events { writer in
                    counts.started.add()
                    defer { counts.ended.add() }
                    while true {
                        try await writer.write([UInt8](repeating: 0x2e, count: 500))
                        try await Task.sleep(for: .milliseconds(1))
                    }
                }
            }
            try server.start()
            let port = try #require(server.port)
            let requests = [
                "GET /plain HTTP/1.1\r\nHost: x\r\n\r\n", "GET /events HTTP/1.1\r\nHost: x\r\n\r\n",
                "POST /plain HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n12",
            ]
            let clients = try (0..<30).map { _ in try RawClient(port: port) }
            for (index, client) in clients.enumerated() { try await client.send(requests[index % 3]) }
            await server.stop(grace: .milliseconds(Int64(round)))
            withExtendedLifetime(clients) {}
            #expect(server.ports == [])
        }
        #expect(await eventually { counts.balanced })
    }
}
