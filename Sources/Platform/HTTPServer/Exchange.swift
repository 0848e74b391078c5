import CMicroHTTPD
import Glibc
import Synchronization

/// One request and its answer, from libmicrohttpd's first word of it to its last.
///
/// libmicrohttpd calls `receive` on its one thread for each listener: with the headers, with each piece of the body, at the body's end, and again after a
/// resumption. The connection stays suspended while the handler works. Fields outside `state` belong to that thread; the connection is resumed only under the
/// lock and only while suspended: hence `@unchecked`.
final class Exchange: @unchecked Sendable {
    private enum Phase { case new, receiving, overflowing, answering }

    private struct State {
        var answer: HTTPResponse?
        var suspended = false
        /// All of the request has come or no more of it is wanted.
        var isComplete = false
        /// The server stops: no handler, no stream goes on.
        var expired = false
        var handler: Task<Void, Never>?
        var queue: BodyQueue?
    }

    private let core: ServerCore
    private let connection: OpaquePointer
    private let target: String
    private var phase = Phase.new
    private var request: HTTPRequest?
    private var body: [UInt8] = []
    private var discarded = 0
    private let state = Mutex(State())

    /// What is read (and dropped) of a body beyond the limit before the connection is cut: a client that sends it all gets its 413.
    private static let discardLimit = 16 << 20

    init(core: ServerCore, connection: OpaquePointer, target: String) {
        self.core = core
        self.connection = connection
        self.target = target
    }

    var isStreaming: Bool { state.withLock { $0.queue != nil } }
    var isReceiving: Bool { state.withLock { !$0.isComplete } }

    func receive(method: String, _ data: UnsafeRawBufferPointer) -> MHD_Result {
        if phase == .new { return begin(method: method) }
        if !data.isEmpty { return take(data) }
        switch phase {
        case .overflowing: return send(core.refusal(.bodyTooLarge(limitBytes: core.limits.bodyBytes)), closing: true)
        case .receiving: return startHandler()
        case .new, .answering: return sendAnswer()
        }
    }

    private func begin(method: String) -> MHD_Result {
        core.add(self)
        guard !core.isStopping else { return send(core.refusal(.stopping), closing: true) }
        do throws(HTTPTargetError) {
            request = try HTTPRequest(method: method, target: target, headers: connectionHeaders(), peer: core.peer(of: cmhd_socket(connection)))
        } catch {
            return send(core.refusal(.badTarget(error)), closing: true)
        }
        if let length = request?.headers["content-length"].flatMap({ UInt64($0) }) {
            if length > UInt64(core.limits.bodyBytes) { return refuseBody(length) }
            // Not more than a client may claim without sending.
            body.reserveCapacity(Int(min(length, 65536)))
        }
        phase = .receiving
        return .YES
    }

    /// At once where the client waits for permission or would send too much; otherwise after its body, because closing on unread data resets the connection, and
    /// the client may then never see the answer.
    private func refuseBody(_ length: UInt64) -> MHD_Result {
        guard request?.headers["expect"] == nil, length <= UInt64(Self.discardLimit) else {
            return send(core.refusal(.bodyTooLarge(limitBytes: core.limits.bodyBytes)), closing: true)
        }
        phase = .overflowing
        return .YES
    }

    private func take(_ data: UnsafeRawBufferPointer) -> MHD_Result {
        if phase == .receiving, body.count + data.count <= core.limits.bodyBytes {
            body.append(contentsOf: data)
            return .YES
        }
        phase = .overflowing
        body = []
        discarded += data.count
        return discarded <= Self.discardLimit ? .YES : .NO
    }

    private func startHandler() -> MHD_Result {
        phase = .answering
        guard var request else { return .NO }
        request.body = body.take()
        self.request = nil
        let complete = request
        let isExpired = state.withLock { state in
            state.isComplete = true
            if state.expired { return true }
            state.suspended = true
            MHD_suspend_connection(connection)
            state.handler = Task { self.finish(await self.core.handler(complete)) }
            return false
        }
        return isExpired ? sendAnswer() : .YES
    }

    /// The handler's answer; too late after `expire`.
    private func finish(_ response: HTTPResponse) {
        state.withLock { state in
            guard state.suspended else { return }
            state.answer = response
            state.suspended = false
            MHD_resume_connection(connection)
        }
    }

    /// Ends the handler (the client is told that the server stops) or the stream.
    func expire() {
        let (handler, queue) = state.withLock { state in
            state.expired = true
            if state.suspended {
                state.suspended = false
                MHD_resume_connection(connection)
            }
            return (state.handler.take(), state.queue)
        }
        handler?.cancel()
        queue?.end()
    }

    /// Closes a stream whose client does not read to its end.
    func cut() { state.withLock { $0.queue }?.clientHasGone() }

    /// libmicrohttpd is done with the request, whatever became of it.
    func close() {
        state.withLock { state in
            state.handler = nil
            return state.queue
        }?.close()
        core.remove(self)
    }

    private func sendAnswer() -> MHD_Result {
        let (answer, mayWait) = state.withLock { ($0.answer.take(), $0.suspended) }
        if let answer { return send(answer, closing: core.isStopping) }
        // Called while the handler works: nothing to say yet.
        return mayWait ? .YES : send(core.refusal(.stopping), closing: true)
    }

    private func send(_ response: HTTPResponse, closing: Bool) -> MHD_Result {
        phase = .answering
        state.withLock { $0.isComplete = true }
        switch response.body {
        case .bytes(let bytes):
            let raw = bytes.withUnsafeBytes { MHD_create_response_from_buffer($0.count, UnsafeMutableRawPointer(mutating: $0.baseAddress), .RESPMEM_MUST_COPY) }
            return queue(raw, response, closing)
        case .stream(let stream):
            return sendStream(response, closing) { writer in for await bytes in stream { try await writer.write(bytes) } }
        case .producer(let produce): return sendStream(response, closing, produce)
        }
    }

    private func sendStream(_ response: HTTPResponse, _ closing: Bool, _ produce: @escaping @Sendable (HTTPBodyWriter) async throws -> Void) -> MHD_Result {
        let queue = BodyQueue(connection: connection, capacity: core.limits.streamBytes, watch: core.watch)
        let isExpired = state.withLock { state in
            state.queue = queue
            return state.expired
        }
        let read: MHD_ContentReaderCallback = { context, _, buffer, room in
            Unmanaged<BodyQueue>.fromOpaque(context!).takeUnretainedValue().read(into: UnsafeMutableRawPointer(buffer!), room: room)
        }
        let raw = MHD_create_response_from_callback(UInt64.max, 16384, read, Unmanaged.passRetained(queue).toOpaque()) { context in
            Unmanaged<BodyQueue>.fromOpaque(context!).release()
        }
        if isExpired { queue.end() } else { queue.start(produce) }
        return self.queue(raw, response, closing)
    }

    private func queue(_ raw: OpaquePointer?, _ response: HTTPResponse, _ closing: Bool) -> MHD_Result {
        guard let raw else { return .NO }
        defer { MHD_destroy_response(raw) }
        for field in response.headers.fields { MHD_add_response_header(raw, field.name, field.value) }
        if closing { MHD_add_response_header(raw, "Connection", "close") }
        return MHD_queue_response(connection, UInt32(clamping: response.status), raw)
    }

    private func connectionHeaders() -> HTTPHeaders {
        var headers = HTTPHeaders()
        withUnsafeMutablePointer(to: &headers) { pointer in
            _ = MHD_get_connection_values(
                connection, .HEADER_KIND,
                { context, _, name, value in
                    context!.assumingMemoryBound(to: HTTPHeaders.self).pointee.add(
                        name.map { String(cString: $0) } ?? "", value.map { String(cString: $0) } ?? "")
                    return .YES
                }, pointer)
        }
        return headers
    }
}
