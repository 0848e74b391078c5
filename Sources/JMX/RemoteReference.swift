import Crypto

/// Where a remote object lives: a port, and 22 bytes that name it there.
struct RemoteReference {
    static let registry = [UInt8](repeating: 0, count: 22)

    let port: Int
    let id: [UInt8]
    /// The server's stub brings a factory of TLS sockets.
    let wantsTLS: Bool

    /// Reads a stub. The host that it names is the server's idea of itself and not used: what was dialled is known to work.
    init(stub: JavaValue, _ broken: (String) -> JMXError) throws(JMXError) {
        guard case .object(let outer) = stub else { throw broken("\(stub.kind) came in place of a remote object") }
        var object = outer
        if case .object(let handler) = outer["h"] { object = handler }
        var bytes: [UInt8] = []
        var factory: String?
        for content in object.extras["java.rmi.server.RemoteObject"] ?? [] {
            switch content {
            case .block(let block): bytes += block
            case .value(.object(let object)): factory = object.className
            case .value: break
            }
        }
        guard let parsed = Self.parse(bytes) else { throw broken("the remote object \(object.className) cannot be reached by TCP") }
        port = parsed.port
        id = parsed.id
        wantsTLS = factory?.contains("Ssl") ?? false
    }

    private static func parse(_ bytes: [UInt8]) -> (port: Int, id: [UInt8])? {
        var rest = bytes[...]
        guard let kind = utf(&rest) else { return nil }
        switch String(decoding: kind, as: UTF8.self) {
        case "UnicastRef": break
        case "UnicastRef2": rest = rest.dropFirst()  // whether a socket factory follows
        default: return nil
        }
        guard utf(&rest) != nil, rest.count >= 26 else { return nil }
        let port = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        return (1...65535).contains(port) ? (port, Array(rest.dropFirst(4).prefix(22))) : nil
    }

    private static func utf(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard rest.count >= 2 else { return nil }
        let count = rest.prefix(2).reduce(0) { $0 << 8 | Int($1) }
        rest = rest.dropFirst(2)
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
