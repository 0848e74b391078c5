import Glibc

/// One address of a host, IPv4 or IPv6.
struct SocketAddress {
    let family: Int32
    private let storage: [UInt8]

    static func resolve(_ endpoint: Endpoint) throws(SocketError) -> [SocketAddress] {
        guard (1...65535).contains(endpoint.port) else { throw .unreachable(endpoint, reason: "\(endpoint.port) is not a port") }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(endpoint.host, String(endpoint.port), &hints, &list)
        guard code == 0 else { throw .nameUnknown(endpoint, reason: String(cString: gai_strerror(code))) }
        defer { freeaddrinfo(list) }
        return sequence(first: list, next: { $0?.pointee.ai_next }).compactMap { entry in
            guard let entry, let address = entry.pointee.ai_addr else { return nil }
            return SocketAddress(family: entry.pointee.ai_family, storage: Array(UnsafeRawBufferPointer(start: address, count: Int(entry.pointee.ai_addrlen))))
        }
    }

    /// 0 or the code of the error; EINPROGRESS on a socket that does not block.
    func connect(_ descriptor: Int32) -> Int32 {
        storage.withUnsafeBytes { bytes in
            Glibc.connect(descriptor, bytes.bindMemory(to: sockaddr.self).baseAddress, socklen_t(bytes.count)) == 0 ? 0 : errno
        }
    }

    static func local(of descriptor: Int32) -> String? {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutableBytes(of: &storage) { bytes in
            let address = bytes.bindMemory(to: sockaddr.self).baseAddress!
            guard getsockname(descriptor, address, &size) == 0 else { return nil }
            var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            guard getnameinfo(address, size, &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST) == 0 else { return nil }
            return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
