import BackupModel
import HTTPClient

/// Where an instance is reached, and what it is called there.
struct GRPCEndpoint: Hashable, Sendable {
    /// Scheme, host and port. The host is the one that the certificate is checked for.
    let url: String
    /// What `:authority` says instead of the URL's host and port.
    let authority: String?
    let connectTo: [String]
    private let caPEM: String?

    init(_ target: PauseTarget, _ tls: PauseTLS?) {
        let scheme = tls == nil ? "http" : "https", address = inURL(target.host.rawValue)
        caPEM = tls?.caPEM
        authority = tls?.authority
        guard let authority else {
            url = "\(scheme)://\(address):\(target.port)"
            connectTo = []
            return
        }
        let host = inURL((try? PauseTarget(authority))?.host.rawValue ?? authority)
        url = "\(scheme)://\(host):\(target.port)"
        connectTo = ["\(host):\(target.port):\(address):\(target.port)"]
    }

    func options(connectSeconds: Int, totalSeconds: Int) -> HTTPOptions {
        var options = HTTPOptions()
        options.version = url.hasPrefix("https") ? .negotiated : .http2
        options.connectSeconds = connectSeconds
        options.totalSeconds = Double(totalSeconds)
        options.stallSeconds = nil
        options.connectTo = connectTo
        options.caPEM = caPEM
        return options
    }
}

private func inURL(_ host: String) -> String {
    host.contains(":") ? "[\(host.split(separator: "%", maxSplits: 1).joined(separator: "%25"))]" : host
}

extension ScalarAdminError {
    init(_ error: HTTPError, seconds: Int) {
        let text = printable(error.description)
        self = switch error {
        case .couldNotResolve, .couldNotConnect: .unreachable(text)
        case .timedOut, .stalled: .deadline(seconds: seconds)
        case .tls: .tls(text)
        case .cutShort, .answerLost, .cancelled, .other: .cutShort(text)
        case .tooLarge, .callerFailed, .badRequest: .broken(text)
        }
    }
}
