import Glibc
import Synchronization

/// Where lines go: each in one write(2), one at a time, so that threads and processes sharing the file do not mix theirs.
package final class LogSink: Sendable {
    private let descriptor: Int32
    private let turn = Mutex(())

    package static let standardError = LogSink(descriptor: 2)

    /// `descriptor` stays the caller's.
    package init(descriptor: Int32) { self.descriptor = descriptor }

    /// A line that cannot be written is lost: a log must not end the program.
    func write(_ line: [UInt8]) {
        turn.withLock { _ in
            line.withUnsafeBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                    if count > 0 { rest = rest.dropFirst(count) } else if !waitAfterError() { return }
                }
            }
        }
    }

    /// Whether the write is worth repeating: interrupted, or a full pipe in non-blocking mode that has room again within a second.
    private func waitAfterError() -> Bool {
        if errno == EINTR { return true }
        guard errno == EAGAIN else { return false }
        var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&wait, 1, 1000) > 0
    }
}
