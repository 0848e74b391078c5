@preconcurrency import Dispatch
import Glibc

/// TERM and INT as values, in order.
final class StopSignals: Sendable {
    private let signals: AsyncStream<String>
    // Dispatch sources live as long as they are referred to; they are never touched after init.
    private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

    init() {
        let (stream, continuation) = AsyncStream<String>.makeStream()
        sources = [(SIGTERM, "TERM"), (SIGINT, "INT")].map { number, name in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield(name) }
            source.resume()
            return source
        }
        signals = stream
    }

    func next() async -> String {
        for await name in signals { return name }
        return "end"
    }
}
