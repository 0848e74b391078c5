package enum ResolverError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Not a name that DNS could have.
    case badName(String)
    case noSuchName(String)
    /// The name is there, without records of this kind.
    case noRecords(String)
    /// No server answered, or none could say now.
    case noAnswer(String)
    /// The servers refuse to say, or ours cannot ask.
    case refused(String)
    /// An answer that is not DNS.
    case malformed(String)

    package var description: String {
        switch self {
        case .badName(let name): "not a name of DNS: \(name)"
        case .noSuchName(let name): "DNS has no name \(name)"
        case .noRecords(let name): "DNS has no service records for \(name)"
        case .noAnswer(let name): "no DNS server answered for \(name)"
        case .refused(let name): "the DNS servers refused to answer for \(name)"
        case .malformed(let name): "a malformed DNS answer for \(name)"
        }
    }
}
