import BackupModel
import ControlAPI
import HTTPClient

/// Calls of the master's REST, one at a time. They block. Nothing is opened or read before the first one.
final class ControlClient {
    /// Some requests ask every node before they answer.
    static let patientSeconds = 900

    private let locate: @Sendable () throws -> ControlEndpoint
    private var opened: (ControlEndpoint, HTTPConnection)?

    init(_ locate: @escaping @Sendable () throws -> ControlEndpoint) { self.locate = locate }

    /// Makes clients of the same master, for other threads.
    var another: @Sendable () -> ControlClient {
        let locate = self.locate
        return { ControlClient(locate) }
    }

    private func open() throws -> (ControlEndpoint, HTTPConnection) {
        if let opened { return opened }
        let endpoint = try locate()
        var options = HTTPOptions()
        options.version = .http1
        // How long an answer may take is said with each request.
        options.stallSeconds = nil
        if case .unixSocket(let path) = endpoint { options.unixSocket = path }
        let pair = (endpoint, HTTPConnection(options))
        opened = pair
        return pair
    }

    /// - Parameter path: Below `/v1`, its parts without characters that a URL would escape.
    func get<Answer: Decodable>(
        _ path: String, query: [(String, String)] = [], as type: Answer.Type = Answer.self, seconds: Int = 60, isCancelled: @escaping () -> Bool = { false }
    ) throws -> Answer {
        let items = query.map { "\($0)=\(percentEncoded($1))" }.joined(separator: "&")
        return try send("GET", path + (items.isEmpty ? "" : "?\(items)"), seconds: seconds, isCancelled: isCancelled)
    }

    func post<Answer: Decodable>(_ path: String, as type: Answer.Type = Answer.self, seconds: Int = patientSeconds) throws -> Answer {
        try send("POST", path, body: .bytes([]), seconds: seconds)
    }

    func post<Answer: Decodable>(_ path: String, _ body: some Encodable, as type: Answer.Type = Answer.self, seconds: Int = patientSeconds) throws -> Answer {
        try send("POST", path, body: .bytes(JSONText.encode(body)), seconds: seconds)
    }

    func put<Answer: Decodable>(_ path: String, _ body: some Encodable, as type: Answer.Type = Answer.self) throws -> Answer {
        try send("PUT", path, body: .bytes(JSONText.encode(body)), seconds: Self.patientSeconds)
    }

    func patch<Answer: Decodable>(_ path: String, _ body: some Encodable, as type: Answer.Type = Answer.self) throws -> Answer {
        try send("PATCH", path, body: .bytes(JSONText.encode(body)), seconds: Self.patientSeconds)
    }

    func delete<Answer: Decodable>(_ path: String, as type: Answer.Type = Answer.self) throws -> Answer { try send("DELETE", path, seconds: Self.patientSeconds) }

    /// Gives the answer's bytes to `sink` as they come.
    ///
    /// - Parameter stallSeconds: For so long nothing may come.
    func download(_ path: String, stallSeconds: Int = 120, isCancelled: () -> Bool, sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        let (endpoint, connection) = try open()
        let request = HTTPRequest("GET", endpoint.base + Routes.version + path, fields: endpoint.fields)
        var lastMove = ContinuousClock.now
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try connection.send(request) {
                isCancelled() || ContinuousClock.now > lastMove + .seconds(stallSeconds)
            } sink: { _, bytes in
                try sink(bytes)
                lastMove = .now
            }
        } catch {
            if case .callerFailed(let cause) = error { throw cause }
            if case .cancelled = error, !isCancelled() { throw ControlError.unreachable(endpoint.unreachable("nothing came for \(stallSeconds) s")) }
            throw ControlError.unreachable(endpoint.unreachable(error.description))
        }
        guard (200..<300).contains(response.status) else { throw refusal(response, endpoint) }
    }

    private func send<Answer: Decodable>(
        _ method: String, _ path: String, body: HTTPBody = .none, seconds: Int, isCancelled: @escaping () -> Bool = { false }
    ) throws -> Answer {
        let (endpoint, connection) = try open()
        let request = HTTPRequest(method, endpoint.base + Routes.version + path, fields: endpoint.fields, body: body)
        let deadline = ContinuousClock.now + .seconds(seconds)
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try connection.send(request, limit: 256 << 20) { isCancelled() || ContinuousClock.now > deadline }
        } catch {
            if case .cancelled = error { throw ControlError.unreachable(endpoint.unreachable(isCancelled() ? "cancelled" : "no answer within \(seconds) s")) }
            throw ControlError.unreachable(endpoint.unreachable(error.description))
        }
        guard (200..<300).contains(response.status) else { throw refusal(response, endpoint) }
        do {
            return try JSONText.decode(Answer.self, from: response.body)
        } catch {
            throw badAnswer(endpoint, "its answer is not what was asked for: \(error)")
        }
    }

    private func refusal(_ response: HTTPResponse, _ endpoint: ControlEndpoint) -> any Error {
        guard let body = try? JSONText.decode(FailureBody.self, from: response.body) else { return badAnswer(endpoint, "it answered with HTTP status \(response.status)") }
        return ControlError.refused(body.failure, run: body.run, status: response.status)
    }

    private func badAnswer(_ endpoint: ControlEndpoint, _ cause: String) -> Failure {
        Failure(
            "control.bad-answer", "the answer from \(endpoint.place) is not a master's", hint: "are aeneas and aeneasd of the same version? see 'aeneas version'",
            cause: Failure("control.bad-answer", cause))
    }
}
