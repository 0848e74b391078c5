import Glibc

/// A TCP client socket, plain or with TLS, whose calls block until done, failed, or past the deadline.
///
/// One thread at a time. Finding a host's address by DNS is the one wait that the deadline cannot cut short; the resolver has limits of its own.
package final class StreamSocket {
    package let endpoint: Endpoint
    /// When every call gives up with `.timedOut`; nil waits for ever. Look after it before each exchange: it does not move by itself.
    package var deadline: ContinuousClock.Instant?
    /// Bytes off the wire since the socket was opened, TLS records included.
    package private(set) var bytesReceived = 0

    private var descriptor: Int32
    private var tls: TLSSession?

    private init(descriptor: Int32, endpoint: Endpoint) {
        self.descriptor = descriptor
        self.endpoint = endpoint
    }

    deinit { close() }

    /// Tries every address of `host` in the resolver's order, each with an equal share of the time that is left.
    /// The deadline stands at `timeout` from now afterwards.
    package static func connect(host: String, port: Int, timeout: Duration) throws(SocketError) -> StreamSocket {
        let endpoint = Endpoint(host: host, port: port)
        let deadline = ContinuousClock.now + timeout
        let addresses = try SocketAddress.resolve(endpoint)
        var failure = SocketError.nameUnknown(endpoint, reason: "it has no address")
        for (index, address) in addresses.enumerated() {
            let now = ContinuousClock.now
            let share = now + (deadline - now) / (addresses.count - index)
            do {
                let socket = try open(address, endpoint, deadline: share)
                socket.deadline = deadline
                return socket
            } catch { failure = error }
        }
        throw failure
    }

    private static func open(_ address: SocketAddress, _ endpoint: Endpoint, deadline: ContinuousClock.Instant) throws(SocketError) -> StreamSocket {
        let descriptor = Glibc.socket(address.family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .unreachable(endpoint, reason: systemReason(errno)) }
        let socket = StreamSocket(descriptor: descriptor, endpoint: endpoint)
        socket.deadline = deadline
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &yes, socklen_t(MemoryLayout<Int32>.size))
        var code = address.connect(descriptor)
        if code == EINPROGRESS {
            try socket.wait(for: POLLOUT, doing: "connecting")
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        }
        switch code {
        case 0: return socket
        case ECONNREFUSED: throw .refused(endpoint)
        case ETIMEDOUT: throw .timedOut(endpoint, doing: "connecting")
        default: throw .unreachable(endpoint, reason: systemReason(code))
        }
    }

    /// The numeric address of this end.
    package var localAddress: String { SocketAddress.local(of: descriptor) ?? "127.0.0.1" }

    /// Speaks TLS from here on. After a failure the socket is good for nothing but `close`.
    package func startTLS(_ options: TLSOptions) throws(SocketError) {
        let session = try TLSSession(options, endpoint: endpoint)
        let before = bytesReceived
        while true {
            let step = session.handshake()
            if case .failed(let error) = step {
                // The peer learns of our alert if it still listens; the cause is what matters.
                try? flush(session, doing: "starting TLS")
                throw error
            }
            try flush(session, doing: "starting TLS")
            switch step {
            case .done:
                tls = session
                return
            case .ended: throw .closedByPeer(endpoint, afterBytes: bytesReceived)
            default: break
            }
            do { try feed(session, doing: "starting TLS") } catch {
                // A peer that knows no TLS hangs up on the greeting.
                switch error {
                case .closedByPeer, .reset: throw bytesReceived == before ? .notTLS(endpoint) : error
                default: throw error
                }
            }
        }
    }

    /// Waits for at least one byte. Returns how many were put into `buffer`, which must not be empty; the end of the stream is the error `.closedByPeer`.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(SocketError) -> Int {
        guard let tls else { return try receive(into: buffer, doing: "reading") }
        while true {
            let step = tls.read(into: buffer)
            if case .failed(let error) = step { throw error }
            try flush(tls, doing: "reading")
            switch step {
            case .done(let count): return count
            case .ended: throw .closedByPeer(endpoint, afterBytes: bytesReceived)
            default: try feed(tls, doing: "reading")
            }
        }
    }

    /// After a failure some of `bytes` may have gone.
    package func writeAll(_ bytes: [UInt8]) throws(SocketError) {
        guard let tls else { return try send(bytes, doing: "writing") }
        var sent = 0
        while sent < bytes.count {
            let step = bytes.withUnsafeBytes { tls.write(UnsafeRawBufferPointer(rebasing: $0[sent...])) }
            if case .failed(let error) = step { throw error }
            try flush(tls, doing: "writing")
            switch step {
            case .done(let count): sent += count
            case .ended: throw .closedByPeer(endpoint, afterBytes: bytesReceived)
            default: try feed(tls, doing: "writing")
            }
        }
    }

    /// Safe to call again.
    package func close() {
        guard descriptor >= 0 else { return }
        if let tls {
            tls.sayGoodbye()
            // One try: a peer that takes no bytes must not keep us here.
            let goodbye = tls.takeOutgoing()
            Glibc.send(descriptor, goodbye, goodbye.count, Int32(MSG_NOSIGNAL))
        }
        Glibc.close(descriptor)
        descriptor = -1
        tls = nil
    }

    private func flush(_ session: TLSSession, doing: String) throws(SocketError) {
        let bytes = session.takeOutgoing()
        if !bytes.isEmpty { try send(bytes, doing: doing) }
    }

    private func feed(_ session: TLSSession, doing: String) throws(SocketError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 1)
        defer { buffer.deallocate() }
        let count = try receive(into: buffer, doing: doing)
        session.receive(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }

    private func receive(into buffer: UnsafeMutableRawBufferPointer, doing: String) throws(SocketError) -> Int {
        while true {
            try checkUsable(doing: doing)
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 {
                bytesReceived += count
                return count
            }
            if count == 0 { throw .closedByPeer(endpoint, afterBytes: bytesReceived) }
            try waitOrThrow(errno, for: POLLIN, doing: doing)
        }
    }

    private func send(_ bytes: [UInt8], doing: String) throws(SocketError) {
        var sent = 0
        while sent < bytes.count {
            try checkUsable(doing: doing)
            let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL)) }
            if count >= 0 { sent += count } else { try waitOrThrow(errno, for: POLLOUT, doing: doing) }
        }
    }

    /// A peer that never stops sending keeps `recv` from ever waiting, so that the deadline is looked at here too.
    private func checkUsable(doing: String) throws(SocketError) {
        guard descriptor >= 0 else { throw .closed(endpoint) }
        if let deadline, ContinuousClock.now >= deadline { throw .timedOut(endpoint, doing: doing) }
    }

    private func waitOrThrow(_ code: Int32, for events: Int32, doing: String) throws(SocketError) {
        switch code {
        case EAGAIN, EINTR: try wait(for: events, doing: doing)
        case ECONNRESET, EPIPE: throw .reset(endpoint)
        case ETIMEDOUT: throw .timedOut(endpoint, doing: doing)
        default: throw .failed(endpoint, reason: systemReason(code))
        }
    }

    private func wait(for events: Int32, doing: String) throws(SocketError) {
        while true {
            var milliseconds: Int32 = -1
            if let deadline {
                let left = deadline - ContinuousClock.now
                guard left > .zero else { throw .timedOut(endpoint, doing: doing) }
                // Rounded up, so that the last fraction of a millisecond does not spin.
                milliseconds = Int32(min(left.components.seconds, 1_000_000) * 1000 + left.components.attoseconds / 1_000_000_000_000_000 + 1)
            }
            var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            let ready = poll(&entry, 1, milliseconds)
            if ready > 0 { return }
            if ready < 0, errno != EINTR { throw .failed(endpoint, reason: systemReason(errno)) }
        }
    }
}

func systemReason(_ code: Int32) -> String { String(cString: strerror(code)) }
