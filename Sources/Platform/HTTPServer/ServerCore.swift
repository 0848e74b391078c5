import Glibc
import Synchronization

/// What the exchanges of all listeners share.
final class ServerCore: Sendable {
    let limits: HTTPLimits
    let handler: @Sendable (HTTPRequest) async -> HTTPResponse
    let refusal: @Sendable (HTTPRefusal) -> HTTPResponse
    let watch: ClientWatch

    private struct State {
        var exchanges: [ObjectIdentifier: Exchange] = [:]
        var stopping = false
        var expired = false
    }

    private let state = Mutex(State())

    init(
        limits: HTTPLimits, handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse, refusal: @escaping @Sendable (HTTPRefusal) -> HTTPResponse
    ) throws(HTTPServerError) {
        self.limits = limits
        self.handler = handler
        self.refusal = refusal
        watch = try ClientWatch()
    }

    var isStopping: Bool { state.withLock { $0.stopping } }
    var exchanges: [Exchange] { state.withLock { Array($0.exchanges.values) } }

    func add(_ exchange: Exchange) {
        let isExpired = state.withLock { state in
            state.exchanges[ObjectIdentifier(exchange)] = exchange
            return state.expired
        }
        if isExpired { exchange.expire() }
    }

    func remove(_ exchange: Exchange) { state.withLock { _ = $0.exchanges.removeValue(forKey: ObjectIdentifier(exchange)) } }

    /// Requests that come from now on are refused.
    func refuseNew() { state.withLock { $0.stopping = true } }

    func expireAll() {
        state.withLock { $0.expired = true }
        exchanges.forEach { $0.expire() }
    }

    func peer(of descriptor: Int32) -> HTTPPeer {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = withUnsafeMutablePointer(to: &address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) } }
        guard code == 0 else { return .unknown }
        if address.ss_family == sa_family_t(AF_UNIX) { return unixPeer(of: descriptor) }
        var host = [UInt8](repeating: 0, count: Int(NI_MAXHOST))
        let named = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                host.withUnsafeMutableBytes { buffer in
                    getnameinfo(address, length, buffer.baseAddress!.assumingMemoryBound(to: CChar.self), socklen_t(buffer.count), nil, 0, NI_NUMERICHOST)
                }
            }
        }
        return named == 0 ? .tcp(address: String(decoding: host.prefix { $0 != 0 }, as: UTF8.self)) : .unknown
    }

    private func unixPeer(of descriptor: Int32) -> HTTPPeer {
        // The kernel's struct ucred: process, user, group.
        var credentials: (Int32, UInt32, UInt32) = (0, 0, 0)
        var length = socklen_t(MemoryLayout.size(ofValue: credentials))
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 else { return .unknown }
        return .unix(userID: credentials.1, groupID: credentials.2, processID: credentials.0)
    }
}
