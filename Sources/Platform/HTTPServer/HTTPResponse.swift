package struct HTTPResponse: Sendable {
    package enum Body: Sendable {
        case bytes([UInt8])
        /// Sent as it comes, chunked. The stream is dropped (its `onTermination` called) when the client goes or the server stops.
        case stream(AsyncStream<[UInt8]>)
        /// Runs until it returns or the client goes, when it is cancelled. `write` waits while the client is slow. An error cuts the response short, visibly to
        /// the client.
        case producer(@Sendable (HTTPBodyWriter) async throws -> Void)
    }

    package var status: Int
    /// `Content-Length`, `Date` and `Connection` are the server's own. A field that holds control characters is left out.
    package var headers: HTTPHeaders
    package var body: Body

    package init(status: Int, headers: HTTPHeaders = HTTPHeaders(), body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package init(status: Int, text: String, contentType: String = "text/plain; charset=utf-8") {
        self.init(status: status, headers: ["content-type": contentType], body: .bytes(Array(text.utf8)))
    }

    /// Server-sent events. Write one now and then even if nothing happens: a client whose network vanished is noticed by that alone.
    package static func events(_ produce: @escaping @Sendable (HTTPBodyWriter) async throws -> Void) -> HTTPResponse {
        HTTPResponse(status: 200, headers: ["content-type": "text/event-stream", "cache-control": "no-store"], body: .producer(produce))
    }
}

/// The body of a streamed response as its producer sees it.
package struct HTTPBodyWriter: Sendable {
    let queue: BodyQueue

    /// Returns when the bytes are queued and less than the server's `streamBytes` wait before the client.
    ///
    /// - Throws: `CancellationError` when the client has gone or the server stops.
    package func write(_ bytes: [UInt8]) async throws { try await queue.write(bytes) }

    package func write(_ event: ServerSentEvent) async throws { try await write(event.bytes) }
}

/// One event of a `text/event-stream`; with no fields at all, a comment that keeps the connection alive.
package struct ServerSentEvent: Sendable, Equatable {
    package var event: String?
    package var id: String?
    package var data: String?

    package init(event: String? = nil, id: String? = nil, data: String? = nil) {
        self.event = event
        self.id = id
        self.data = data
    }

    package static let keepAlive = ServerSentEvent()

    package var bytes: [UInt8] {
        var lines: [String] = []
        if let event { lines.append("event: \(Self.oneLine(event))") }
        if let id { lines.append("id: \(Self.oneLine(id))") }
        if let data { lines += data.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { "data: \($0)" } }
        return Array((lines.isEmpty ? ":\n\n" : lines.joined(separator: "\n") + "\n\n").utf8)
    }

    private static func oneLine(_ text: String) -> String { String(text.map { $0.isNewline || $0 == "\0" ? " " : $0 }) }
}
