import BackupModel
import Glibc
import Synchronization
import Threads

/// Reads requests from stdin on a thread of its own, so that its end is seen while one is in work.
final class RequestReader: Sendable {
    enum Item {
        case request(AgentRequest)
        case refused(Failure)
        /// Not a frame: what follows cannot be trusted.
        case noise(Failure)
        case end
    }

    private let descriptor: Int32
    private let items = Mutex<[Item]>([])
    private let arrived = Semaphore()
    /// Set when stdin has ended.
    let ended = StopSignal()

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    func begin() { Thread.detach { [self] in read() } }

    func next() -> Item {
        arrived.wait()
        return items.withLock { $0.removeFirst() }
    }

    private func read() {
        var frames = AgentFrameReader()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            frames.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            do {
                while let body = try frames.next() { put(decode(body)) }
            } catch {
                put(.noise(Failure("agent.protocol", "\(error)", recovery: .bug)))
                break
            }
        }
        ended.stop(Failure("run.cancelled", "the connection ended", recovery: .retry))
        put(.end)
    }

    private func decode(_ body: [UInt8]) -> Item {
        do {
            return .request(try JSONText.decode(AgentRequest.self, from: body))
        } catch {
            return .refused(Failure("input.bad-request", "the agent does not understand a request: \(error)", hint: "is the agent of the master's version?", recovery: .bug))
        }
    }

    private func put(_ item: Item) {
        items.withLock { $0.append(item) }
        arrived.signal()
    }
}

/// A POSIX semaphore.
final class Semaphore: @unchecked Sendable {
    // Only `sem_…` touch what it points to, and they may from any thread.
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func signal() { sem_post(semaphore) }
    func wait() { while sem_wait(semaphore) != 0, errno == EINTR {} }
}
