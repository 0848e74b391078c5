import Foundation
import Glibc
import HTTPClient
import Synchronization
import TestSupport
import Testing

@Suite struct HTTPClientTests {
    func options(_ change: (inout HTTPOptions) -> Void) -> HTTPOptions {
        var options = HTTPOptions()
        change(&options)
        return options
    }

    @Test("method, fields and body arrive as given, and one connection serves several requests")
    func request() throws {
        let server = ScriptedHTTPServer { _, _ in .whole(201, fields: ["X-Odd:  some value \t", "x-odd: second"], body: Array("answer".utf8)) }
        let connection = HTTPConnection()
        for body in [HTTPBody.bytes(Array("hello".utf8)), .stream(size: 5, stream("hello")), .stream(size: nil, stream("hello"))] {
            let response = try connection.send(
                HTTPRequest("PATCH", server.url + "/a/../b?c=d", fields: [HTTPField("X-Mine", "v"), HTTPField("X-Empty", "")], body: body))
            #expect(response.status == 201 && response.head.version == "1.1")
            #expect(response.field("x-odd") == "some value")
            #expect(response.body == Array("answer".utf8))
        }
        #expect(connection.connectionsMade == 1)
        for request in server.requests {
            #expect(request.method == "PATCH" && request.target == "/a/../b?c=d" && request.body == Array("hello".utf8))
            #expect(request.fields["x-mine"] == "v" && request.fields["x-empty"] == "" && request.fields["expect"] == nil)
        }
    }

    func stream(_ text: String) -> HTTPBodyStream {
        var rest = Array(text.utf8)[...]
        return HTTPBodyStream(read: { buffer in
            let piece = rest.prefix(min(2, buffer.count))
            buffer.copyBytes(from: piece)
            rest = rest.dropFirst(piece.count)
            return piece.count
        })
    }

    @Test("an empty body announces its length, and none does not")
    func emptyBody() throws {
        let server = ScriptedHTTPServer { _, _ in .whole(200) }
        let connection = HTTPConnection()
        _ = try connection.send(HTTPRequest("POST", server.url, body: .bytes([])))
        _ = try connection.send(HTTPRequest("DELETE", server.url))
        #expect(server.requests.map { $0.fields["content-length"] } == ["0", nil])
    }

    @Test("the answer to HEAD has its fields and no body")
    func head() throws {
        let server = ScriptedHTTPServer { _, _ in .whole(200, fields: ["Content-Length: 12345"]) }
        let response = try HTTPConnection().send(HTTPRequest("HEAD", server.url))
        #expect(response.field("content-length") == "12345" && response.body.isEmpty)
    }

    @Test("trailers stand behind the fields, and what came before a final status is forgotten")
    func trailers() throws {
        let server = ScriptedServer { peer in
            _ = peer.receiveSome()
            peer.send(
                Array(
                    "HTTP/1.1 103 Early Hints\r\nearly: 1\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\ngrpc-status: 7\r\n\r\n"
                        .utf8))
        }
        let response = try HTTPConnection().send(HTTPRequest("GET", "http://127.0.0.1:\(server.port)"))
        #expect(response.field("grpc-status") == "7" && response.field("early") == nil && response.body == Array("hi".utf8))
    }

    @Test("a redirect is an answer and not followed")
    func redirect() throws {
        let server = ScriptedHTTPServer { _, _ in .whole(302, fields: ["Location: /elsewhere"]) }
        #expect(try HTTPConnection().send(HTTPRequest("GET", server.url)).status == 302)
        #expect(server.requests.count == 1)
    }

    @Test("a sink takes the bodies of good answers only")
    func sink() throws {
        let server = ScriptedHTTPServer { request, _ in .whole(request.target == "/good" ? 200 : 404, body: Array("body".utf8)) }
        let connection = HTTPConnection()
        var taken: [UInt8] = []
        let good = try connection.send(HTTPRequest("GET", server.url + "/good")) { head, bytes in
            #expect(head.status == 200)
            taken += bytes
        }
        #expect(taken == Array("body".utf8) && good.body.isEmpty)
        let bad = try connection.send(HTTPRequest("GET", server.url + "/bad")) { _, _ in Issue.record("a refusal reached the sink") }
        #expect(bad.status == 404 && bad.body == Array("body".utf8))
    }

    struct Mine: Error {}

    @Test("errors of sink and body pass through")
    func callersErrors() throws {
        let server = ScriptedHTTPServer { _, _ in .whole(200, body: [1]) }
        expect({ if case .callerFailed(let error) = $0 { error is Mine } else { false } }) {
            _ = try HTTPConnection().send(HTTPRequest("GET", server.url)) { _, _ in throw Mine() }
        }
        expect({ if case .callerFailed(let error) = $0 { error is Mine } else { false } }) {
            _ = try HTTPConnection().send(HTTPRequest("PUT", server.url, body: .stream(size: 5, HTTPBodyStream(read: { _ in throw Mine() }))))
        }
    }

    @Test("an answer beyond the limit is refused")
    func limit() {
        let server = ScriptedHTTPServer { _, _ in .whole(200, body: [UInt8](repeating: 1, count: 1001)) }
        expect({ if case .tooLarge(limit: 1000) = $0 { true } else { false } }) { _ = try HTTPConnection().send(HTTPRequest("GET", server.url), limit: 1000) }
    }

    @Test("a broken answer is cut short", arguments: [true, false])
    func cutShort(reset: Bool) {
        let server = ScriptedHTTPServer { _, _ in .cut(200, body: [1, 2, 3], after: 2, reset: reset) }
        expect({ if case .cutShort = $0 { true } else { false } }) { _ = try HTTPConnection().send(HTTPRequest("GET", server.url)) }
    }

    @Test("a kept connection that died in between is made anew, and the body sent again")
    func deadConnection() throws {
        let server = ScriptedServer { peer in
            guard let head = peer.receiveSome() else { return }
            if !String(decoding: head, as: UTF8.self).hasSuffix("hello") { _ = peer.receive(5) }
            peer.send(Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8))
        }
        let connection = HTTPConnection()
        for _ in 0..<3 {
            var rest = 5
            let body = HTTPBodyStream(
                read: { buffer in
                    let count = min(rest, buffer.count)
                    buffer.copyBytes(from: Array("hello".utf8).suffix(rest).prefix(count))
                    rest -= count
                    return count
                }, rewind: { rest = 5 })
            #expect(try connection.send(HTTPRequest("PUT", "http://127.0.0.1:\(server.port)", body: .stream(size: 5, body))).status == 200)
        }
    }

    @Test("a silent server is left after the stall's time, and one that trickles is not")
    func stall() throws {
        let server = ScriptedHTTPServer { _, _ in .silence }
        expect({ if case .stalled(seconds: 1) = $0 { true } else { false } }) {
            _ = try HTTPConnection(options { $0.stallSeconds = 1 }).send(HTTPRequest("GET", server.url))
        }
        let slow = ScriptedServer { peer in
            _ = peer.receiveSome()
            peer.send(Array("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n".utf8))
            for _ in 0..<8 {
                peer.send([1])
                usleep(400_000)
            }
        }
        #expect(try HTTPConnection(options { $0.stallSeconds = 2 }).send(HTTPRequest("GET", "http://127.0.0.1:\(slow.port)")).body.count == 8)
    }

    @Test("the time of a whole exchange can be limited")
    func total() {
        let server = ScriptedHTTPServer { _, _ in .silence }
        expect({ if case .timedOut = $0 { true } else { false } }) {
            _ = try HTTPConnection(options { $0.totalSeconds = 0.3 }).send(HTTPRequest("GET", server.url))
        }
    }

    @Test("cancelling ends an exchange that waits")
    func cancel() {
        let server = ScriptedHTTPServer { _, _ in .silence }
        expect({ if case .cancelled = $0 { true } else { false } }) {
            _ = try HTTPConnection().send(HTTPRequest("GET", server.url), isCancelled: { !server.requests.isEmpty })
        }
    }

    @Test("nobody listening, and a name that does not exist, are told apart")
    func unreachable() {
        let port = ScriptedServer.unusedPort()
        expect({ if case .couldNotConnect = $0 { true } else { false } }) { _ = try HTTPConnection().send(HTTPRequest("GET", "http://127.0.0.1:\(port)")) }
        expect({ if case .couldNotResolve = $0 { true } else { false } }) { _ = try HTTPConnection().send(HTTPRequest("GET", "http://no-such-host.invalid")) }
    }

    @Test("a line end in a field or a strange scheme is refused before anything is sent")
    func injection() {
        let server = ScriptedHTTPServer { _, _ in .whole(200) }
        for request in [
            HTTPRequest("GET", server.url, fields: [HTTPField("a", "b\r\nc: d")]), HTTPRequest("GET", server.url + "/a b\n"),
            HTTPRequest("GET", "file:///etc/passwd"), HTTPRequest("GET", "nonsense://x"),
        ] { expect({ if case .badRequest = $0 { true } else { false } }) { _ = try HTTPConnection().send(request) } }
        #expect(server.requests.isEmpty)
    }

    @Test("proxies of the environment are not used")
    func environment() throws {
        setenv("http_proxy", "http://127.0.0.1:\(ScriptedServer.unusedPort())", 1)
        defer { unsetenv("http_proxy") }
        let server = ScriptedHTTPServer { _, _ in .whole(200) }
        #expect(try HTTPConnection().send(HTTPRequest("GET", server.url)).status == 200)
    }

    @Test("a proxy that is asked for is used")
    func proxy() throws {
        let proxy = ScriptedHTTPServer { request, _ in .whole(200, body: Array(request.target.utf8)) }
        let response = try HTTPConnection(options { $0.proxy = proxy.url }).send(HTTPRequest("GET", "http://somewhere.invalid/x"))
        #expect(String(decoding: response.body, as: UTF8.self) == "http://somewhere.invalid/x")
    }

    @Test("connecting elsewhere leaves the request's host alone")
    func connectTo() throws {
        let server = ScriptedHTTPServer { request, _ in .whole(200, body: Array((request.fields["host"] ?? "").utf8)) }
        let response = try HTTPConnection(options { $0.connectTo = ["name.invalid:80:127.0.0.1:\(server.port)"] }).send(
            HTTPRequest("GET", "http://name.invalid/"))
        #expect(String(decoding: response.body, as: UTF8.self) == "name.invalid")
    }

    @Test("percent encoding and decoding are each other's reverse, byte by byte")
    func percentEncoding() {
        #expect(percentEncoded("a b/.c+é~") == "a%20b%2F.c%2B%C3%A9~")
        #expect(percentEncoded("a b/c", keeping: "/") == "a%20b/c")
        #expect(percentDecoded("a%20b%2f.c+%C3%A9") == "a b/.c+é")
        #expect(percentDecoded("a+b%2B", plusIsSpace: true) == "a b+")
        for broken in ["%", "%2", "%zz", "%C3"] { #expect(percentDecoded(broken) == nil) }
    }

    @Test("a date of HTTP is read")
    func date() {
        #expect(httpDate("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        #expect(httpDate("yesterday") == nil)
    }

    private func expect(_ fits: (HTTPError) -> Bool, location: SourceLocation = #_sourceLocation, _ body: () throws -> Void) {
        do {
            try body()
            Issue.record("no error", sourceLocation: location)
        } catch {
            if (error as? HTTPError).map(fits) != true { Issue.record("\(error)", sourceLocation: location) }
        }
    }
}
