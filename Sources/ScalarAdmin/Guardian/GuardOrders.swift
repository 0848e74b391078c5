import Glibc

/// The latest order, and who waits for it. By CLOCK_MONOTONIC, which Swift's own locks do not offer; the mutex guards all that is in here, which is what
/// `@unchecked` vouches for.
final class GuardOrders: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var order: PauseGuardian.Order?

    init() {
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// `released` stays, whatever comes after it.
    func give(_ new: PauseGuardian.Order) {
        pthread_mutex_lock(mutex)
        if order != .released { order = new }
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    var latest: PauseGuardian.Order? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return order
    }

    /// - Parameter end: In seconds of the monotonic clock.
    /// - Returns: The first order, or nil when none came until then.
    func wait(until end: Double) -> PauseGuardian.Order? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        var time = timespec(tv_sec: Int(end), tv_nsec: Int((end - end.rounded(.down)) * 1e9))
        while order == nil, pthread_cond_timedwait(condition, mutex, &time) != ETIMEDOUT {}
        return order
    }
}
