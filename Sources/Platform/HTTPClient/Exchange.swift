import CCurl
import Glibc

/// What libcurl's callbacks of one exchange work on. Their errors wait here, since C cannot carry them.
final class Exchange {
    typealias Sink = (HTTPHead, UnsafeRawBufferPointer) throws -> Void

    private(set) var head = HTTPHead(status: 0, fields: [])
    private(set) var body: [UInt8] = []
    private(set) var failure: HTTPError?
    private let request: HTTPRequest
    private let limit: Int
    private let sink: Sink?
    private let stallSeconds: Int?
    private let isCancelled: () -> Bool
    private var sent = 0
    /// Something of the request's body was taken by libcurl.
    private(set) var hasBegun = false
    private var moved: Int64 = -1
    private var lastMove = monotonicSeconds()

    /// - Parameter sink: Takes the bodies of 2xx answers; others are kept in `body`, up to `limit`.
    init(_ request: HTTPRequest, limit: Int, sink: Sink?, stallSeconds: Int?, isCancelled: @escaping () -> Bool) {
        self.request = request
        self.limit = limit
        self.sink = sink
        self.stallSeconds = stallSeconds
        self.isCancelled = isCancelled
    }

    static func of(_ context: UnsafeMutableRawPointer?) -> Exchange { Unmanaged<Exchange>.fromOpaque(context!).takeUnretainedValue() }

    func takeHeader(_ line: UnsafeRawBufferPointer) {
        let text = String(decoding: line, as: UTF8.self)
        if text.hasPrefix("HTTP/") {
            let status = text.split(separator: " ", maxSplits: 2).dropFirst().first?.prefix { $0.isNumber }
            let version = text.dropFirst(5).prefix { $0.isNumber || $0 == "." }
            head = HTTPHead(status: status.flatMap { Int($0) } ?? 0, version: String(version), fields: [])
        } else if let colon = text.firstIndex(of: ":"), colon != text.startIndex {
            head.fields.append(HTTPField(text[..<colon].lowercased(), trimmed(text[text.index(after: colon)...])))
        }
    }

    /// - Returns: Whether to go on.
    func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        defer { lastMove = monotonicSeconds() }
        do {
            if let sink, (200..<300).contains(head.status) {
                try sink(head, bytes)
            } else if body.count + bytes.count <= limit {
                body.append(contentsOf: bytes)
            } else if sink == nil {
                throw HTTPError.tooLarge(limit: limit)
            }
            return true
        } catch {
            failure = error as? HTTPError ?? .callerFailed(error)
            return false
        }
    }

    /// - Returns: Bytes given, or `CURL_READFUNC_ABORT`.
    func giveBody(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        defer { lastMove = monotonicSeconds() }
        hasBegun = true
        switch request.body {
        case .none: return 0
        case .bytes(let bytes):
            let count = min(buffer.count, bytes.count - sent)
            bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[sent..<sent + count])) }
            sent += count
            return count
        case .stream(_, let stream):
            do {
                return try stream.read(buffer)
            } catch {
                failure = .callerFailed(error)
                return Int(CURL_READFUNC_ABORT)
            }
        }
    }

    func rewind() -> Bool {
        sent = 0
        guard case .stream(_, let stream) = request.body else { return true }
        guard let rewind = stream.rewind else { return false }
        do {
            try rewind()
            return true
        } catch {
            failure = .callerFailed(error)
            return false
        }
    }

    /// Called by libcurl once a second or more often.
    ///
    /// - Returns: Whether to go on.
    func goesOn(movedSoFar: Int64) -> Bool {
        if isCancelled() {
            failure = .cancelled
            return false
        }
        let now = monotonicSeconds()
        if movedSoFar != moved {
            moved = movedSoFar
            lastMove = now
        }
        guard let stallSeconds, now - lastMove >= Double(stallSeconds) else { return true }
        failure = .stalled(seconds: stallSeconds)
        return false
    }
}

private func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

private func trimmed(_ text: Substring) -> String {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
    let bytes = text.utf8.drop(while: isSpace)
    guard let last = bytes.lastIndex(where: { !isSpace($0) }) else { return "" }
    return String(Substring(bytes[...last]))
}
