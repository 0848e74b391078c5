package enum ScalarAdminError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No connection came about: certainly nothing was sent.
    case unreachable(String)
    /// No answer in time.
    case deadline(seconds: Int)
    case status(GRPCStatus, message: String)
    /// The connection or the call broke before the answer was whole.
    case cutShort(String)
    case tls(String)
    /// An answer that is none of gRPC's.
    case broken(String)

    /// Whether the instance may have taken up a Pause that failed so. ScalarDB Server answers FAILED_PRECONDITION, in its first release INTERNAL, when it gave
    /// up draining and opened its gate again.
    package var leavesStateUnknown: Bool {
        switch self {
        case .unreachable, .tls: false
        case .deadline, .cutShort, .broken: true
        case .status(let status, _):
            switch status {
            case .failedPrecondition, .internal, .unimplemented, .permissionDenied, .unauthenticated, .invalidArgument, .notFound: false
            default: true
            }
        }
    }

    package var isUnimplemented: Bool {
        if case .status(.unimplemented, _) = self { true } else { false }
    }

    package var description: String {
        switch self {
        case .unreachable(let text): "unreachable: \(text)"
        case .deadline(let seconds): "no answer within \(seconds) s"
        case .status(let status, let message): message.isEmpty ? "\(status)" : "\(status): \(message)"
        case .cutShort(let text): "cut short: \(text)"
        case .tls(let text): "TLS: \(text)"
        case .broken(let text): "not an answer of scalar-admin: \(text)"
        }
    }
}
