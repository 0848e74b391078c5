import CMicroHTTPD
import Glibc
import Synchronization
import Threads

/// A thread that notices clients going away while libmicrohttpd does not look: a suspended connection is not polled by it.
///
/// A client that closes only its sending side counts as gone as well; no client of an event stream has a reason to.
final class ClientWatch: Sendable {
    private let epoll: Int32
    private let wake: Int32
    private let watched = Mutex<(next: UInt64, queues: [UInt64: BodyQueue])>((1, [:]))
    private let thread = Mutex<Thread?>(nil)

    init() throws(HTTPServerError) {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw .system(call: "epoll_create1", place: "", code: errno) }
        wake = eventfd(0, Int32(EFD_CLOEXEC))
        guard wake >= 0 else {
            let code = errno
            close(epoll)
            throw .system(call: "eventfd", place: "", code: code)
        }
        control(EPOLL_CTL_ADD, wake, id: 0, EPOLLIN.rawValue)
        thread.withLock { $0 = Thread { self.run() } }
    }

    func add(_ queue: BodyQueue) -> UInt64 {
        watched.withLock { state in
            defer { state.next += 1 }
            state.queues[state.next] = queue
            return state.next
        }
    }

    /// Watches `descriptor` until its client goes, once.
    func arm(_ descriptor: Int32, id: UInt64) {
        let events = EPOLLRDHUP.rawValue | EPOLLONESHOT.rawValue
        if control(EPOLL_CTL_MOD, descriptor, id: id, events) != 0 { control(EPOLL_CTL_ADD, descriptor, id: id, events) }
    }

    /// Call it before `descriptor` is closed or serves another request.
    func remove(_ descriptor: Int32, id: UInt64) {
        watched.withLock { _ = $0.queues.removeValue(forKey: id) }
        control(EPOLL_CTL_DEL, descriptor, id: id, 0)
    }

    /// Ends the thread; blocks for a moment.
    func stop() {
        var one: UInt64 = 1
        write(wake, &one, 8)
        thread.withLock { $0.take() }?.join()
        close(epoll)
        close(wake)
    }

    private func run() {
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        while true {
            let count = epoll_wait(epoll, &events, Int32(events.count), -1)
            for event in events.prefix(max(0, Int(count))) {
                if event.data.u64 == 0 { return }
                watched.withLock { $0.queues[event.data.u64] }?.clientHasGone()
            }
        }
    }

    @discardableResult private func control(_ operation: Int32, _ descriptor: Int32, id: UInt64, _ events: UInt32) -> Int32 {
        var event = epoll_event(events: events, data: epoll_data_t(u64: id))
        return epoll_ctl(epoll, operation, descriptor, &event)
    }
}
