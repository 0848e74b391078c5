/// Finds the handler for a method and a path pattern such as `/v1/clusters/{name}/backups` or `/ui/{path...}` (the rest, slashes included).
///
/// A literal segment wins over `{name}`, that over `{rest...}`, from left to right. HEAD is answered by GET's handler where it has none.
package struct Router: Sendable {
    package typealias Handler = @Sendable (HTTPRequest, PathParameters) async -> HTTPResponse

    package enum Match: Sendable {
        case handler(Handler, PathParameters)
        case notFound
        case methodNotAllowed(allow: [String])
    }

    private enum Segment: Sendable {
        case rest(String)
        case parameter(String)
        case literal(String)

        var rank: Int {
            switch self {
            case .rest: 0
            case .parameter: 1
            case .literal: 2
            }
        }
    }

    private struct Route: Sendable {
        let method: String
        let pattern: [Segment]
        let handler: Handler
    }

    private var routes: [Route] = []
    private let refusal: @Sendable (HTTPRequest, HTTPRefusal) -> HTTPResponse

    /// - Parameter refusal: Body and headers of 404 and 405; `Allow` is added to the latter.
    package init(refusal: @escaping @Sendable (HTTPRequest, HTTPRefusal) -> HTTPResponse = { _, reason in reason.plainResponse }) {
        self.refusal = refusal
    }

    package mutating func on(_ method: String, _ pattern: String, _ handler: @escaping Handler) {
        precondition(pattern.hasPrefix("/"), "pattern '\(pattern)' does not start with a slash")
        let segments = pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map { part -> Segment in
            guard part.hasPrefix("{"), part.hasSuffix("}") else { return .literal(String(part)) }
            let name = part.dropFirst().dropLast()
            return name.hasSuffix("...") ? .rest(String(name.dropLast(3))) : .parameter(String(name))
        }
        routes.append(Route(method: method, pattern: segments, handler: handler))
    }

    package func match(_ request: HTTPRequest) -> Match {
        let candidates = routes.compactMap { route in Self.parameters(route.pattern, request.segments).map { (route: route, parameters: $0) } }
        guard !candidates.isEmpty else { return .notFound }
        for method in request.method == "HEAD" ? ["HEAD", "GET"] : [request.method] {
            let fitting = candidates.filter { $0.route.method == method }
            if let best = fitting.max(by: { $0.route.pattern.map(\.rank).lexicographicallyPrecedes($1.route.pattern.map(\.rank)) }) {
                return .handler(best.route.handler, best.parameters)
            }
        }
        let methods = Set(candidates.map(\.route.method))
        return .methodNotAllowed(allow: (methods.contains("GET") ? methods.union(["HEAD"]) : methods).sorted())
    }

    package func respond(to request: HTTPRequest) async -> HTTPResponse {
        switch match(request) {
        case .handler(let handler, let parameters): return await handler(request, parameters)
        case .notFound: return refusal(request, .notFound)
        case .methodNotAllowed(let allow):
            var response = refusal(request, .methodNotAllowed)
            response.headers["allow"] = allow.joined(separator: ", ")
            return response
        }
    }

    private static func parameters(_ pattern: [Segment], _ segments: [String]) -> PathParameters? {
        var values: [String: String] = [:]
        for (index, part) in pattern.enumerated() {
            guard index < segments.count else { return nil }
            switch part {
            case .literal(let text): guard segments[index] == text else { return nil }
            case .parameter(let name):
                guard !segments[index].isEmpty else { return nil }
                values[name] = segments[index]
            case .rest(let name):
                values[name] = segments[index...].joined(separator: "/")
                return PathParameters(values: values)
            }
        }
        return pattern.count == segments.count ? PathParameters(values: values) : nil
    }
}

/// What stood in place of a pattern's `{name}`.
package struct PathParameters: Sendable {
    let values: [String: String]

    /// Traps on a name that the pattern does not have.
    package subscript(_ name: String) -> String {
        guard let value = values[name] else { preconditionFailure("the pattern has no {\(name)}") }
        return value
    }
}

/// An answer that is given without a handler.
package enum HTTPRefusal: Sendable, Equatable {
    case badTarget(HTTPTargetError)
    case notFound
    case methodNotAllowed
    case bodyTooLarge(limitBytes: Int)
    case stopping

    package var status: Int {
        switch self {
        case .badTarget: 400
        case .notFound: 404
        case .methodNotAllowed: 405
        case .bodyTooLarge: 413
        case .stopping: 503
        }
    }

    package var summary: String {
        switch self {
        case .badTarget(.notAPath): "the request's target is not a path"
        case .badTarget(.badEscape): "the request's target has a broken percent escape"
        case .badTarget(.dotSegment): "the request's path has a segment '.' or '..'"
        case .notFound: "nothing is at this path"
        case .methodNotAllowed: "this path does not take the method"
        case .bodyTooLarge(let limit): "the request's body is larger than \(limit) bytes"
        case .stopping: "the server is stopping"
        }
    }

    package var plainResponse: HTTPResponse { HTTPResponse(status: status, text: summary + "\n") }
}
