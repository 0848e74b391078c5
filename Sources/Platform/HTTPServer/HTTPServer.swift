import Synchronization
import Threads

/// An HTTP/1.1 server over libmicrohttpd: one epoll thread for each listener, handlers on Swift's own threads.
///
/// A handler is not cancelled when its client goes, only when the server stops without it; a streamed response's producer is cancelled in both cases.
package final class HTTPServer: Sendable {
    private enum State {
        case idle
        case running(ServerCore, [Daemon])
        case stopped
    }

    private let listeners: [HTTPListener]
    private let limits: HTTPLimits
    private let handler: @Sendable (HTTPRequest) async -> HTTPResponse
    private let refusal: @Sendable (HTTPRefusal) -> HTTPResponse
    private let state = Mutex(State.idle)

    /// - Parameter refusal: The answer to a request that no handler sees.
    package init(
        listeners: [HTTPListener], limits: HTTPLimits = HTTPLimits(), refusal: @escaping @Sendable (HTTPRefusal) -> HTTPResponse = { $0.plainResponse },
        handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse
    ) {
        self.listeners = listeners
        self.limits = limits
        self.handler = handler
        self.refusal = refusal
    }

    /// Listens on all listeners or, when it throws, on none. A server starts once.
    package func start() throws(HTTPServerError) {
        let result = state.withLock { state in
            Result { () throws(HTTPServerError) in
                guard case .idle = state else { throw HTTPServerError.alreadyStarted }
                state = try open()
            }
        }
        try result.get()
    }

    /// Ports of the TCP listeners, in their order; empty when it does not run.
    package var ports: [UInt16] {
        state.withLock { state in
            guard case .running(_, let running) = state else { return [] }
            return running.compactMap(\.socket.actualPort)
        }
    }

    package var port: UInt16? { ports.first }

    /// Stops accepting, lets requests in work end within `grace` (streams do not count), then ends streams and handlers, and the server itself.
    ///
    /// Cancelling the caller cuts the grace short. Does nothing unless it runs.
    package func stop(grace: Duration = .seconds(10)) async {
        let taken = state.withLock { state -> (ServerCore, [Daemon])? in
            guard case .running(let core, let running) = state else { return nil }
            state = .stopped
            return (core, running)
        }
        guard let (core, running) = taken else { return }
        core.refuseNew()
        for listener in running { listener.stopListening() }
        await wait(grace) { core.exchanges.allSatisfy(\.isStreaming) }
        core.expireAll()
        await wait(.seconds(1)) { core.exchanges.allSatisfy(\.isReceiving) }
        core.exchanges.forEach { $0.cut() }
        await withCheckedContinuation { continuation in
            // Joining libmicrohttpd's threads blocks.
            Thread.detach {
                for listener in running { listener.end() }
                core.watch.stop()
                continuation.resume()
            }
        }
    }

    private func wait(_ limit: Duration, until isDone: () -> Bool) async {
        let deadline = ContinuousClock.now + limit
        while !isDone(), ContinuousClock.now < deadline, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(5)) }
    }

    private func open() throws(HTTPServerError) -> State {
        let core = try ServerCore(limits: limits, handler: handler, refusal: refusal)
        var running: [Daemon] = []
        do throws(HTTPServerError) {
            for listener in listeners { running.append(try Daemon(listener, core)) }
            return .running(core, running)
        } catch {
            for listener in running {
                listener.stopListening()
                listener.end()
            }
            core.watch.stop()
            throw error
        }
    }
}
