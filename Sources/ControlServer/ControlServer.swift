import BackupModel
import ControlAPI
import Crypto
package import HTTPServer
package import Logging
package import Operations

/// REST under `/v1`: decodes, calls, encodes. Whoever may open the Unix socket may do everything; over TCP the token is asked for.
package struct ControlServer: Sendable {
    package struct Defaults: Sendable {
        package var sshUser: String
        package var sshKeyFile: String
        package init(sshUser: String, sshKeyFile: String) {
            self.sshUser = sshUser
            self.sshKeyFile = sshKeyFile
        }
    }

    let operations: Operations
    let version: String
    let started: Timestamp
    let defaults: Defaults
    let log: Log
    private let token: Secret<String>?

    /// - Parameter token: Without one nothing is answered over TCP.
    package init(operations: Operations, version: String, defaults: Defaults, token: Secret<String>?, log: Log) {
        self.operations = operations
        self.version = version
        self.defaults = defaults
        self.token = token
        self.log = log
        started = operations.environment.clock()
    }

    package func respond(to request: HTTPRequest) async -> HTTPResponse {
        if let refusal = refuse(request) { return refusal }
        return await routes.respond(to: request)
    }

    /// For requests that no handler sees.
    package static func refusal(_ refusal: HTTPRefusal) -> HTTPResponse {
        answer(Failure(code(of: refusal), refusal.summary), status: refusal.status)
    }

    private static func code(of refusal: HTTPRefusal) -> String {
        switch refusal {
        case .badTarget: "input.bad-path"
        case .notFound: "input.no-such-path"
        case .methodNotAllowed: "input.method-not-allowed"
        case .bodyTooLarge: "input.body-too-large"
        case .stopping: "server.stopping"
        }
    }

    private func refuse(_ request: HTTPRequest) -> HTTPResponse? {
        if case .unix = request.peer { return nil }
        let given = request.headers["authorization"] ?? ""
        guard given.hasPrefix("Bearer "), let token else {
            var response = Self.answer(Failure("access.no-token", "a token is needed over TCP", hint: "send 'Authorization: Bearer …', or use the Unix socket"), status: 401)
            response.headers["www-authenticate"] = "Bearer"
            return response
        }
        guard constantTimeEquals(Array(given.dropFirst(7).utf8), Array(token.exposed.utf8)) else {
            log.warning("a wrong token", ["peer": "\(request.peer)", "path": request.path])
            return Self.answer(Failure("access.wrong-token", "the token is not this master's"), status: 403)
        }
        return nil
    }

    // MARK: encoding

    static func answer(_ failure: Failure, status: Int? = nil, run: RunID? = nil) -> HTTPResponse {
        json(FailureBody(failure: failure, run: run), status: status ?? HTTPStatus.of(failure))
    }

    static func json(_ body: some Encodable, status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, headers: ["content-type": "application/json"], body: .bytes(JSONText.encode(body)))
    }

    /// A handler of JSON: what it throws becomes the answer.
    func answering<Answer: Encodable & Sendable>(
        status: Int = 200, _ body: @escaping @Sendable (HTTPRequest, PathParameters) async throws -> Answer
    ) -> Router.Handler {
        { request, parameters in
            do {
                return Self.json(try await body(request, parameters), status: status)
            } catch {
                return Self.answer(Failure(error))
            }
        }
    }

    static func body<Body: Decodable>(_ type: Body.Type, of request: HTTPRequest) throws -> Body {
        do {
            return try JSONText.decode(type, from: request.body)
        } catch {
            throw Failure("input.bad-body", "the request's body is not what this path takes: \(error)")
        }
    }
}

/// Which status a failure has over HTTP.
enum HTTPStatus {
    static func of(_ failure: Failure) -> Int {
        switch failure.code {
        case let code where code.hasPrefix("catalog.unknown-"): 404
        case "backup.not-in-store", "backup.no-such-file", "restore.unknown-node": 404
        case "input.run-over": 409
        case let code where code.hasPrefix("input.") || code.hasSuffix(".bad-settings") || code == "store.misconfigured": 400
        case "catalog.cluster-locked", "cluster.already-registered", "catalog.cluster-name-taken", "catalog.store-name-taken", "catalog.cluster-known", "catalog.store-known",
            "restore.plan-changed", "restore.wrong-state", "restore.override-needed", "catalog.application-name-taken", "catalog.application-in-use", "pause.in-use", "pause.settling",
            "pause.already-paused", "pause.not-open", "pause.over":
            409
        case "pause.target-unreachable", "pause.no-answer", "pause.not-opened", "pause.guardian-cannot-reach", "pause.service-unresolved": 502
        case let code where code.hasPrefix("restore.") || code.hasPrefix("backup.") || code.hasPrefix("pause."): 422
        case let code where code.hasPrefix("ssh.") || code.hasPrefix("agent.") || code.hasPrefix("cassandra.") || code.hasPrefix("cluster.") || code.hasPrefix("store."): 502
        default: failure.recovery == .retry ? 503 : 500
        }
    }
}
