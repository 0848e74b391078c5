import HTTPClient
import Synchronization

/// Kept-alive connections, one for each thread that is at work.
final class ConnectionPool: Sendable {
    private let idle = Mutex<[HTTPConnection]>([])
    private let options: HTTPOptions

    init(_ options: HTTPOptions) { self.options = options }

    func borrow<Result, Failure: Error>(_ body: (HTTPConnection) throws(Failure) -> Result) throws(Failure) -> Result {
        let connection = idle.withLock { $0.popLast() } ?? HTTPConnection(options)
        defer { idle.withLock { if $0.count < 16 { $0.append(connection) } } }
        return try body(connection)
    }
}
