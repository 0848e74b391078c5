import CMicroHTTPD
import Glibc

/// libmicrohttpd at work on one listener.
///
/// `@unchecked`: the handle is used by `HTTPServer`'s `start` and `stop` alone, one after the other.
struct Daemon: @unchecked Sendable {
    let socket: ListeningSocket
    private let handle: OpaquePointer
    private let core: Unmanaged<ServerCore>
    private let pem: [UnsafeMutablePointer<CChar>]

    init(_ listener: HTTPListener, _ core: ServerCore) throws(HTTPServerError) {
        socket = try ListeningSocket(listener)
        var pem: [UnsafeMutablePointer<CChar>] = []
        if case .tcp(_, _, let tls?) = listener { pem = [strdup(tls.keyPEM), strdup(tls.certificatePEM)] }
        self.pem = pem
        // The callbacks' context: held until `end`.
        self.core = Unmanaged.passRetained(core)
        let handle = cmhd_start(
            socket.descriptor,
            { Daemon.received(context: $0, connection: $1, url: $2, method: $3, version: $4, data: $5, size: $6, slot: $7) },
            { Daemon.began(context: $0, target: $1, connection: $2) },
            { Daemon.completed(context: $0, connection: $1, slot: $2, reason: $3) },
            self.core.toOpaque(), UInt32(clamping: max(1, core.limits.idle.components.seconds)), UInt32(clamping: core.limits.connections),
            pem.first, pem.last
        )
        guard let handle else {
            socket.unlinkFile()
            socket.close()
            self.core.release()
            pem.forEach { free($0) }
            throw .notStarted(place: listener.place, tls: !pem.isEmpty)
        }
        self.handle = handle
    }

    /// The file first, so that a new server finds its place free.
    func stopListening() {
        socket.unlinkFile()
        MHD_quiesce_daemon(handle)
        socket.close()
    }

    /// Closes every connection; blocks until libmicrohttpd's thread has ended. No connection may be suspended.
    func end() {
        MHD_stop_daemon(handle)
        core.release()
        pem.forEach { free($0) }
    }

    private static func began(context: UnsafeMutableRawPointer?, target: UnsafePointer<CChar>?, connection: OpaquePointer?) -> UnsafeMutableRawPointer? {
        guard let context, let target, let connection else { return nil }
        let core = Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
        return Unmanaged.passRetained(Exchange(core: core, connection: connection, target: String(cString: target))).toOpaque()
    }

    private static func received(
        context: UnsafeMutableRawPointer?, connection: OpaquePointer?, url: UnsafePointer<CChar>?, method: UnsafePointer<CChar>?,
        version: UnsafePointer<CChar>?,
        data: UnsafePointer<CChar>?, size: UnsafeMutablePointer<Int>?, slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> MHD_Result {
        guard let exchange = slot?.pointee, let method, let size else { return .NO }
        let bytes = UnsafeRawBufferPointer(start: data, count: data == nil ? 0 : size.pointee)
        let result = Unmanaged<Exchange>.fromOpaque(exchange).takeUnretainedValue().receive(method: String(cString: method), bytes)
        size.pointee = 0
        return result
    }

    private static func completed(
        context: UnsafeMutableRawPointer?, connection: OpaquePointer?, slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, reason: MHD_RequestTerminationCode
    ) {
        guard let exchange = slot?.pointee else { return }
        slot?.pointee = nil
        Unmanaged<Exchange>.fromOpaque(exchange).takeRetainedValue().close()
    }
}

extension HTTPListener {
    var place: String {
        switch self {
        case .unixSocket(let path, _, _): path
        case .tcp(let address, let port, _): "\(address):\(port)"
        }
    }
}
