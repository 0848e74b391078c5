import CMicroHTTPD
import Glibc
import Synchronization

/// A streamed response between its producer and libmicrohttpd's thread: bytes wait here, the connection is suspended while there are none, the producer while
/// there are too many.
///
/// The connection's pointer is valid until `close`, which libmicrohttpd's "request completed" brings about, and touched only under the lock: hence
/// `@unchecked`.
final class BodyQueue: @unchecked Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var head = 0
        var suspended = false
        /// No more bytes follow; those waiting are still sent.
        var ended = false
        /// Nothing more is sent and the connection is closed.
        var cut = false
        var closed = false
        var producer: Task<Void, Never>?
        var waiting: [CheckedContinuation<Void, Never>] = []

        var count: Int { bytes.count - head }
        var isOver: Bool { ended || cut || closed }
    }

    private let state = Mutex(State())
    private let connection: OpaquePointer
    private let descriptor: Int32
    private let capacity: Int
    private let watch: ClientWatch
    private let watchID = Mutex<UInt64>(0)

    init(connection: OpaquePointer, capacity: Int, watch: ClientWatch) {
        self.connection = connection
        self.capacity = capacity
        self.watch = watch
        descriptor = cmhd_socket(connection)
        watchID.withLock { $0 = watch.add(self) }
    }

    func start(_ produce: @escaping @Sendable (HTTPBodyWriter) async throws -> Void) {
        state.withLock { state in
            guard !state.isOver else { return }
            state.producer = Task {
                do {
                    try await produce(HTTPBodyWriter(queue: self))
                    self.end()
                } catch {
                    self.fail()
                }
            }
        }
    }

    func write(_ bytes: [UInt8]) async throws {
        try Task.checkCancellation()
        let isFull = try state.withLock { state in
            guard !state.isOver else { throw CancellationError() }
            state.bytes += bytes
            resume(&state)
            return state.count > capacity
        }
        if isFull { await waitForRoom() }
    }

    private func waitForRoom() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mayGoOn = state.withLock { state in
                    if state.isOver || state.count <= capacity / 2 || Task.isCancelled { return true }
                    state.waiting.append(continuation)
                    return false
                }
                if mayGoOn { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.take() }.forEach { $0.resume() }
        }
    }

    /// Fills libmicrohttpd's buffer; on its thread. Bytes copied, 0 when the connection was suspended, or one of its two ends.
    func read(into buffer: UnsafeMutableRawPointer, room: Int) -> Int {
        let (count, waiting) = state.withLock { state -> (Int, [CheckedContinuation<Void, Never>]) in
            if state.cut { return (Self.endWithError, []) }
            guard state.count > 0 else {
                if state.ended { return (Self.endOfStream, []) }
                state.suspended = true
                MHD_suspend_connection(connection)
                watch.arm(descriptor, id: watchID.withLock { $0 })
                return (0, [])
            }
            let count = min(room, state.count)
            state.bytes.withUnsafeBytes { buffer.copyMemory(from: $0.baseAddress! + state.head, byteCount: count) }
            state.head += count
            if state.head == state.bytes.count { (state.bytes, state.head) = ([], 0) }
            return (count, state.count <= capacity / 2 ? state.waiting.take() : [])
        }
        waiting.forEach { $0.resume() }
        return count
    }

    /// No more follows; a producer still at work is cancelled.
    func end() { finish { $0.ended = true } }

    /// Drops what waits and closes the connection.
    func clientHasGone() { finish { ($0.cut, $0.bytes, $0.head) = (true, [], 0) } }

    /// The producer threw. When that is because it was cancelled by `end`, the stream has its proper end already.
    private func fail() {
        finish { state in
            guard !state.ended else { return }
            (state.cut, state.bytes, state.head) = (true, [], 0)
        }
    }

    /// The request is over: the connection is not touched again.
    func close() {
        finish { ($0.closed, $0.bytes, $0.head) = (true, [], 0) }
        watch.remove(descriptor, id: watchID.withLock { $0 })
    }

    private func finish(_ mark: (inout State) -> Void) {
        let (producer, waiting) = state.withLock { state in
            mark(&state)
            resume(&state)
            return (state.producer.take(), state.waiting.take())
        }
        producer?.cancel()
        waiting.forEach { $0.resume() }
    }

    private func resume(_ state: inout State) {
        guard state.suspended, !state.closed else { return }
        state.suspended = false
        MHD_resume_connection(connection)
    }

    // MHD_CONTENT_READER_END_OF_STREAM and …_WITH_ERROR are macros with casts, which Swift does not see.
    private static let endOfStream = -1
    private static let endWithError = -2
}

extension Array {
    /// What it held, leaving it empty.
    mutating func take() -> [Element] {
        defer { self = [] }
        return self
    }
}
