import Glibc

/// The clock that nobody sets: it goes on evenly, and stands while the machine sleeps.
package enum Monotonic {
    package static var nanoseconds: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
    package static var seconds: Double { Double(nanoseconds) / 1e9 }
}
