package enum HTTPError: Error, CustomStringConvertible {
    case couldNotResolve(String)
    case couldNotConnect(String)
    /// Nothing moved for as long as `HTTPTimeouts` allows.
    case stalled(seconds: Int)
    /// The connection or the whole exchange took too long.
    case timedOut(String)
    case tls(String)
    /// The connection broke before the answer was whole.
    case cutShort(String)
    /// Over HTTP/2 the whole answer came before the request's body was on its way, and libcurl (7.88 at least) threw it away. The connection is sound; what the
    /// server made of the request nobody knows.
    case answerLost
    case cancelled
    /// The answer is larger than the caller's limit.
    case tooLarge(limit: Int)
    /// The caller's own sink or body stream threw.
    case callerFailed(any Error)
    case badRequest(String)
    case other(code: Int, String)

    package var description: String {
        switch self {
        case .couldNotResolve(let text), .couldNotConnect(let text), .timedOut(let text), .tls(let text), .cutShort(let text), .badRequest(let text): text
        case .answerLost: "it answered before it had the whole request, and the answer was lost"
        case .stalled(let seconds): "nothing moved for \(seconds) s"
        case .cancelled: "cancelled"
        case .tooLarge(let limit): "the answer is larger than \(limit) bytes"
        case .callerFailed(let error): "\(error)"
        case .other(let code, let text): "\(text) (libcurl's error \(code))"
        }
    }
}
