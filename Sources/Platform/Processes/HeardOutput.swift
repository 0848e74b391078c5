import Glibc
import Synchronization

/// The reading end of what a program says, and the last 4 KiB of it.
final class HeardOutput: Sendable {
    static let kept = 4096
    let writing: Int32
    private let reading: Int32
    private let state = Mutex<(bytes: [UInt8], isOver: Bool)>(([], false))

    init(of program: String) throws(ProcessError) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw .noPipe(program: program, reason: systemWords(errno)) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (reading, writing) = (ends[0], ends[1])
    }

    deinit { close(reading) }

    func closeWritingEnd() { close(writing) }

    var last: [UInt8] { state.withLock { $0.bytes } }

    /// Reads until nobody holds the other end.
    func listen() {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = read(reading, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            state.withLock { state in
                state.bytes.append(contentsOf: buffer[..<count].suffix(Self.kept))
                if state.bytes.count > Self.kept { state.bytes.removeFirst(state.bytes.count - Self.kept) }
            }
        }
        state.withLock { $0.isOver = true }
    }

    /// What an ended program wrote last, unless others that it left go on writing: at most a second.
    func waitForRest() {
        let began = Monotonic.seconds
        while !state.withLock({ $0.isOver }) {
            let waited = Monotonic.seconds - began
            if waited > 1 || (waited > 0.05 && !isUnread) { return }
            usleep(1000)
        }
    }

    private var isUnread: Bool {
        var question = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
        return poll(&question, 1, 0) == 1
    }
}
