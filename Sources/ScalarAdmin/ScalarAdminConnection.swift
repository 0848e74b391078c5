package import BackupModel
import Glibc
import HTTPClient
import Synchronization

/// scalar-admin over libcurl: HTTP/2 at once without TLS, by ALPN with it. One connection is kept between calls; after a call without a whole answer the next
/// one makes a new connection, since libcurl would go on with the one that fell silent.
///
/// Used by one thread at a time, by different threads one after the other, which is all that `@unchecked` vouches for.
package final class ScalarAdminConnection: ScalarAdminLink, @unchecked Sendable {
    package let target: PauseTarget
    private let access: PauseAccess
    private let endpoint: GRPCEndpoint
    private var http: HTTPConnection?
    private let made = Atomic(0)

    package init(_ target: PauseTarget, _ access: PauseAccess) {
        self.target = target
        self.access = access
        endpoint = GRPCEndpoint(target, access.tls)
    }

    package var connectionsMade: Int { made.load(ordering: .relaxed) }

    package func pause(waitSeconds: Int) throws(ScalarAdminError) {
        let wait = max(waitSeconds, 1), request = PauseRequest(waitOutstanding: true, maxPauseWaitMilliseconds: wait * 1000)
        // Releases that do not know the limit drain for up to 30 s.
        let answer = try call("Pause", request.bytes, seconds: max(30, wait) + 5)
        try decoding { () throws(WireError) in try checkEmpty(answer) }
    }

    package func unpause() throws(ScalarAdminError) {
        let answer = try call("Unpause", [], seconds: access.callSeconds)
        try decoding { () throws(WireError) in try checkEmpty(answer) }
    }

    package func isPaused() throws(ScalarAdminError) -> Bool {
        // A question may be asked again. One that a server does not know it refuses before it has read it.
        let answer = try call("CheckPaused", [], seconds: access.callSeconds, isQuestion: true)
        return try decoding { () throws(WireError) in try CheckPausedResponse(answer).paused }
    }

    private func decoding<Value>(_ body: () throws(WireError) -> Value) throws(ScalarAdminError) -> Value {
        do throws(WireError) { return try body() } catch { throw .broken("its message: \(error)") }
    }

    /// - Parameter isQuestion: It is sent again, for `seconds`, when libcurl has lost the answer.
    private func call(_ method: String, _ message: [UInt8], seconds: Int, isQuestion: Bool = false) throws(ScalarAdminError) -> [UInt8] {
        let options = endpoint.options(connectSeconds: access.callSeconds, totalSeconds: seconds)
        let http = self.http ?? HTTPConnection(options), before = http.connectionsMade
        self.http = http
        http.options = options
        defer { made.add(http.connectionsMade - before, ordering: .relaxed) }
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try answered(until: isQuestion ? monotonicSeconds() + Double(seconds) : 0) { () throws(HTTPError) in
                let request = GRPCExchange.request(endpoint.url + "/rpc.Admin/" + method, authority: endpoint.authority, message: message, timeoutSeconds: seconds)
                return try http.send(request, limit: 1 << 16)
            }
        } catch {
            self.http = nil
            throw ScalarAdminError(error, seconds: seconds)
        }
        do throws(ScalarAdminError) { return try GRPCExchange.message(of: response) } catch {
            if case .broken = error { self.http = nil }
            throw error
        }
    }

    private func answered(until end: Double, _ send: () throws(HTTPError) -> HTTPResponse) throws(HTTPError) -> HTTPResponse {
        while true {
            do throws(HTTPError) { return try send() } catch {
                guard case .answerLost = error, monotonicSeconds() < end else { throw error }
                usleep(1000)
            }
        }
    }
}
