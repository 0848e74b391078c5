package import BackupModel
package import Resolver

package enum TargetSourceError: Error, Hashable, Sendable, CustomStringConvertible, FailureConvertible {
    case unresolved(service: String, ResolverError)
    /// A record whose host or port no instance can have.
    case badRecord(service: String, host: String, port: Int)

    package var description: String { failure.description }

    package var failure: Failure {
        switch self {
        case .unresolved(let service, let error):
            Failure(
                "pause.service-unresolved", "unable to look up the instances of service \(quoted(service)): \(error)",
                hint: "does 'dig SRV \(service)' answer on the master's host?", recovery: .retry)
        case .badRecord(let service, let host, let port):
            Failure("pause.bad-service-record", "service \(quoted(service)) has a record for \(quoted(host)), port \(port), which is no address of an instance")
        }
    }
}

/// Where an application's instances are listed: by address, by the names of SRV records, or both.
///
/// An address is that of one instance, never of a balancer in front of several.
package struct TargetSource: Codable, Hashable, Sendable {
    package var targets: [PauseTarget]
    /// Names of SRV records: `_scalar-admin._tcp.scalardb.example.com`.
    package var services: [String]

    package init(targets: [PauseTarget] = [], services: [String] = []) {
        self.targets = targets
        self.services = services
    }

    /// Blocks while it asks DNS. Names of hosts stay names: two of them for one address are two targets.
    ///
    /// - Returns: Sorted, each once; empty only when nothing is listed. All records count, of whatever priority.
    package func resolve(server: NameServer? = nil, seconds: Int = 5) throws(TargetSourceError) -> [PauseTarget] {
        var found = Set(targets)
        for service in services {
            for record in try records(of: service, server, seconds) {
                guard let host = HostAddress(rawValue: record.host.lowercased()), (1...65_535).contains(record.port) else {
                    throw .badRecord(service: service, host: record.host, port: record.port)
                }
                found.insert(PauseTarget(host: host, port: record.port))
            }
        }
        return found.sorted()
    }

    private func records(of service: String, _ server: NameServer?, _ seconds: Int) throws(TargetSourceError) -> [ServiceRecord] {
        do throws(ResolverError) { return try ServiceRecords.lookup(service, server: server, seconds: seconds) } catch {
            throw .unresolved(service: service, error)
        }
    }
}
