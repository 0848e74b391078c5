import Glibc

/// The lines that come through a descriptor, which stays its owner's. Used by one thread at a time.
struct LineReader {
    enum Next: Equatable { case line(String), silence, end }

    private static let longest = 1 << 20
    private let descriptor: Int32
    private var buffer: [UInt8] = []

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Waits for a line, or until that time of the monotonic clock; nil waits for ever. What has come already is given without waiting, however late it is.
    mutating func next(until end: Double?) -> Next {
        while true {
            if let at = buffer.firstIndex(of: 10) {
                defer { buffer.removeSubrange(...at) }
                return .line(String(decoding: buffer[..<at], as: UTF8.self))
            }
            guard wait(until: end) else { return .silence }
            var piece = [UInt8](repeating: 0, count: 4096)
            let count = read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count > 0, buffer.count < Self.longest else { return .end }
            buffer += piece.prefix(count)
        }
    }

    private func wait(until end: Double?) -> Bool {
        while true {
            let rest = end.map { max($0 - monotonicSeconds(), 0) }
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let count = poll(&entry, 1, rest.map { Int32(($0 * 1000).rounded(.up)) } ?? -1)
            if count > 0 { return true }
            if count == 0 { return false }
            guard errno == EINTR else { return true }
        }
    }
}

/// Writes a line and never waits for long: a reader that does not read is left behind.
///
/// - Returns: Whether the whole line is on its way.
func writeLine(_ line: String, to descriptor: Int32, patienceSeconds: Double = 1) -> Bool {
    var rest = Array((line + "\n").utf8)[...]
    let end = monotonicSeconds() + patienceSeconds
    while !rest.isEmpty {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        let ready = poll(&entry, 1, Int32(max(end - monotonicSeconds(), 0) * 1000))
        if ready < 0, errno == EINTR { continue }
        guard ready > 0 else { return false }
        // No more than what a pipe that can be written to takes without waiting.
        let piece = Array(rest.prefix(Int(PIPE_BUF)))
        let count = write(descriptor, piece, piece.count)
        if count < 0, errno == EINTR || errno == EAGAIN { continue }
        guard count > 0 else { return false }
        rest = rest.dropFirst(count)
    }
    return true
}

/// A peer that is gone is an error of `write`, not the end of this process. A handler that somebody has set is left alone.
func ignoreBrokenPipes() {
    var action = sigaction()
    if sigaction(SIGPIPE, nil, &action) == 0, action.__sigaction_handler.sa_handler == nil { signal(SIGPIPE, SIG_IGN) }
}
