import Glibc
import Processes

/// The same for all processes of a machine.
func monotonicSeconds() -> Double { Monotonic.seconds }

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

/// Sleeps, and looks every 50 ms whether somebody wants it to end.
func sleep(_ seconds: Double, unless isStopped: () -> Bool) {
    let end = monotonicSeconds() + seconds
    while !isStopped() {
        let rest = end - monotonicSeconds()
        if rest <= 0 { return }
        usleep(UInt32(min(rest, 0.05) * 1e6))
    }
}
