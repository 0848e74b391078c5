import CResolv

/// One SRV record (RFC 2782).
package struct ServiceRecord: Hashable, Sendable {
    /// Without the last dot.
    package let host: String
    package let port: Int
    package let priority: Int
    package let weight: Int

    package init(host: String, port: Int, priority: Int, weight: Int) {
        self.host = host
        self.port = port
        self.priority = priority
        self.weight = weight
    }
}

package struct NameServer: Hashable, Sendable {
    /// IPv4.
    package var address: String
    package var port: Int

    package init(address: String, port: Int = 53) {
        self.address = address
        self.port = port
    }
}

package enum ServiceRecords {
    /// Blocks. The name is taken as it stands, without the search list of resolv.conf.
    ///
    /// - Parameters:
    ///   - server: nil: those of resolv.conf.
    ///   - seconds: For each server.
    /// - Returns: The records as the server ordered them; never empty. A record for the host `.`, by which a domain says that it does not offer the
    ///   service, is none.
    package static func lookup(_ name: String, server: NameServer? = nil, seconds: Int) throws(ResolverError) -> [ServiceRecord] {
        guard (1...254).contains(name.utf8.count), name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw .badName(name) }
        let answer = try query(name, server, seconds)
        guard let records = DNSAnswer(answer).serviceRecords() else { throw .malformed(name) }
        if records.isEmpty { throw .noRecords(name) }
        return records
    }

    private static func query(_ name: String, _ server: NameServer?, _ seconds: Int) throws(ResolverError) -> [UInt8] {
        var answer = [UInt8](repeating: 0, count: 65_536), reason: Int32 = 0
        let port = UInt16(clamping: server?.port ?? 0)
        let count = aeneas_resolv_query(name, 33, server?.address, port, Int32(clamping: max(seconds, 1)), &answer, Int32(answer.count), &reason)
        guard count >= 0 else {
            throw switch reason {
            case HOST_NOT_FOUND: .noSuchName(name)
            case TRY_AGAIN: .noAnswer(name)
            case NO_DATA: .noRecords(name)
            default: .refused(name)
            }
        }
        return Array(answer.prefix(Int(count)))
    }
}
