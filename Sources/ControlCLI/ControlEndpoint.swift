import BackupModel
import CommandParser
#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
import Glibc
import HTTPClient

/// Where the master answers.
enum ControlEndpoint {
    case unixSocket(String)
    case url(String, token: String?)

    init(_ invocation: Invocation) throws {
        guard let url = invocation.value("url") else {
            self = .unixSocket(invocation.value("socket") ?? "")
            return
        }
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else { throw UsageFault("option '--url': \(quoted(url)) is not a URL", hint: "as in http://127.0.0.1:7373") }
        if invocation.source("socket") == .argument, invocation.source("url") == .argument { throw UsageFault("--socket and --url exclude each other", hint: "give one of them") }
        self = .url(url.hasSuffix("/") ? String(url.dropLast()) : url, token: try invocation.value("token-file").map(Self.token))
    }

    var base: String {
        switch self {
        case .unixSocket: "http://aeneasd"
        case .url(let url, _): url
        }
    }

    var fields: [HTTPField] {
        let fields = [HTTPField("Accept", "application/json"), HTTPField("Content-Type", "application/json")]
        guard case .url(_, let token?) = self else { return fields }
        return fields + [HTTPField("Authorization", "Bearer \(token)")]
    }

    var place: String {
        switch self {
        case .unixSocket(let path): "unix socket \(quoted(path))"
        case .url(let url, _): quoted(url)
        }
    }

    /// - Parameter cause: As libcurl has it, which for a Unix socket tells of a host and a port that are none.
    func unreachable(_ cause: String) -> Failure {
        let (told, hint) = explanation(cause)
        return Failure(
            "control.unreachable", "unable to reach the master at \(place)", hint: hint, recovery: .retry, cause: Failure("control.unreachable", told, recovery: .retry))
    }

    private func explanation(_ cause: String) -> (String, String) {
        guard case .unixSocket(let path) = self else { return (cause, "is aeneasd running, and does it listen at this address (--url, AENEAS_URL)?") }
        if access(path, R_OK | W_OK) == 0 { return (cause.contains("connect") ? "nothing answers there" : cause, "is aeneasd running? see 'systemctl status aeneasd'") }
        switch errno {
        case EACCES: return ("permission denied", "is your user in the socket's group? a new membership counts from the next login")
        case ENOENT: return ("no such file", "is aeneasd running, and is this its socket (--socket, AENEAS_SOCKET)?")
        default: return (String(cString: strerror(errno)), "is aeneasd running, and is this its socket (--socket, AENEAS_SOCKET)?")
        }
    }

    private static func token(_ path: String) throws -> String {
        do {
            return String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self).trimmed
        } catch {
            throw Failure("control.token-unreadable", "unable to read the token in \(quoted(path))", hint: "does the file exist, and may you read it?")
        }
    }
}

extension String {
    fileprivate var trimmed: String {
        let start = drop(while: \.isWhitespace)
        return String(start.reversed().drop(while: \.isWhitespace).reversed())
    }
}
