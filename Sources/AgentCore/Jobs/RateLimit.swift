import Glibc
import Processes
import Synchronization

/// Holds several transfers together to so many bytes a second. A second's worth may go at once.
final class RateLimit: Sendable {
    private let bytesPerSecond: Int?
    /// When the bytes let through so far are paid for, in nanoseconds of the monotonic clock.
    private let paidUntil = Mutex(0)

    init(bytesPerSecond: Int?) { self.bytesPerSecond = bytesPerSecond.map { max($0, 1) } }

    /// Waits as long as `count` bytes just moved are too many, or until stopped.
    func moved(_ count: Int, isStopped: () -> Bool) {
        guard let bytesPerSecond else { return }
        let price = Int(Double(count) / Double(bytesPerSecond) * 1e9)
        let free = paidUntil.withLock { until in
            until = max(until, Monotonic.nanoseconds - 1_000_000_000) + price
            return until
        }
        while !isStopped() {
            let left = free - Monotonic.nanoseconds
            guard left > 0 else { return }
            usleep(UInt32(min(left / 1000 + 1, 100_000)))
        }
    }
}
