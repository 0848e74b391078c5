import BackupModel
import ScalarAdmin
import TestSupport
import Testing

@Suite struct BrokenAnswerTests {
    private static let good: [(String, String)] = [(":status", "200"), ("content-type", "application/grpc")]
    private static let empty: [UInt8] = [0, 0, 0, 0, 0]
    private static let ok: HTTP2Peer.Frame = .headers([("grpc-status", "0")], ends: true)

    private func answer(_ frames: [HTTP2Peer.Frame]) async throws -> Result<Bool, ScalarAdminError> {
        try await onOwnThread {
            let peer = HTTP2Peer(frames), target = try PauseTarget("127.0.0.1:\(peer.server.port)")
            let link = ScalarAdminConnection(target, PauseAccess(targets: [target], callSeconds: 2))
            do throws(ScalarAdminError) { return .success(try link.isPaused()) } catch { return .failure(error) }
        }
    }

    @Test("a sound answer is read: the message in one piece or several, a status with or without other trailers")
    func sound() async throws {
        let paused: [UInt8] = [0, 0, 0, 0, 2, 8, 1]
        #expect(try await answer([.headers(Self.good), .data(paused), Self.ok]) == .success(true))
        #expect(try await answer([.headers(Self.good), .data(Self.empty), Self.ok]) == .success(false))
        #expect(
            try await answer([
                .headers([(":status", "200"), ("content-type", "application/grpc+proto"), ("x", "y")]), .data(Array(paused[..<3])), .data(Array(paused[3...])),
                .headers([("grpc-message", ""), ("grpc-status", "0"), ("x-trailer", "z")], ends: true),
            ]) == .success(true))
    }

    @Test("a status is found in headers as in trailers, its message decoded and made safe to print")
    func statuses() async throws {
        let inHeaders = try await answer([.headers(Self.good + [("grpc-status", "14"), ("grpc-message", "the server is p%C3%A4used%0A%1b[31m 100%")], ends: true)])
        #expect(inHeaders == .failure(.status(.unavailable, message: "the server is p%C3%A4used%0A%1b[31m 100%")), "a wrong escape leaves the message as it is")
        let decoded = try await answer([.headers(Self.good + [("grpc-status", "9"), ("grpc-message", "p%C3%A4used%0A%1b[31m")], ends: true)])
        #expect(decoded == .failure(.status(.failedPrecondition, message: "päused  [31m")))
        let inTrailers = try await answer([.headers(Self.good), .data(Self.empty), .headers([("grpc-status", "99")], ends: true)])
        #expect(inTrailers == .failure(.status(.other(99), message: "")))
    }

    @Test(
        "an answer that is not gRPC's is called broken, whatever it says",
        arguments: [
            ("HTTP status 404", [.headers([(":status", "404"), ("content-type", "application/grpc"), ("grpc-status", "0")], ends: true)]),
            ("content type is text/html", [.headers([(":status", "200"), ("content-type", "text/html")]), .data(empty), ok]),
            ("content type is none", [.headers([(":status", "200")]), .data(empty), ok]),
            ("content type is application/grpc-web", [.headers([(":status", "200"), ("content-type", "application/grpc-web")]), .data(empty), ok]),
            ("no grpc-status", [.headers(good), .data(empty, ends: true)]),
            ("grpc-status is ok", [.headers(good), .data(empty), .headers([("grpc-status", "ok")], ends: true)]),
            ("grpc-status is +0", [.headers(good), .data(empty), .headers([("grpc-status", "+0")], ends: true)]),
            ("grpc-status is 0, 14", [.headers(good + [("grpc-status", "0")]), .data(empty), .headers([("grpc-status", "14")], ends: true)]),
            ("without a message", [.headers(good), ok]),
            ("cut off", [.headers(good), .data([0, 0, 0]), ok]),
            ("cut off", [.headers(good), .data([0, 0, 0, 0, 9, 8, 1]), ok]),
            ("compressed", [.headers(good + [("grpc-encoding", "gzip")]), .data([1, 0, 0, 0, 0]), ok]),
            ("more than one message", [.headers(good), .data(empty + empty), ok]),
            ("'paused' is no bool", [.headers(good), .data([0, 0, 0, 0, 3, 0x0A, 1, 1]), ok]),
        ] as [(String, [HTTP2Peer.Frame])])
    func broken(_ reason: String, _ frames: [HTTP2Peer.Frame]) async throws {
        let answer = try await answer(frames)
        guard case .failure(.broken(let text)) = answer else { throw Unexpected(description: "\(answer)") }
        #expect(text.contains(reason), "\(text)")
    }

    @Test(
        "a call that breaks off leaves its state unknown",
        arguments: [[.reset(8)], [.headers(good), .data(empty), .reset(2)], [.headers(good), .goAway], [.goAway], [.raw(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)), .goAway]]
            as [[HTTP2Peer.Frame]])
    func cutShort(_ frames: [HTTP2Peer.Frame]) async throws {
        guard case .failure(let error) = try await answer(frames) else { throw Unexpected(description: "answered") }
        #expect(error.leavesStateUnknown, "\(error)")
        if case .cutShort = error {} else { Issue.record("\(error)") }
    }

    @Test("a server that takes the connection and says nothing costs the call's time")
    func silent() async throws {
        #expect(try await answer([]) == .failure(.deadline(seconds: 2)))
    }

    @Test("a server of HTTP/1 is told from one of scalar-admin", arguments: ["HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "220 mail.example ESMTP\r\n"])
    func otherProtocol(_ text: String) async throws {
        let error = try await onOwnThread { () -> ScalarAdminError? in
            let server = ScriptedServer { peer in
                _ = peer.receiveSome()
                peer.send(Array(text.utf8))
            }
            let target = try PauseTarget("127.0.0.1:\(server.port)")
            return caught(ScalarAdminError.self) { try ScalarAdminConnection(target, PauseAccess(targets: [target], callSeconds: 2)).unpause() }
        }
        #expect(error?.leavesStateUnknown == true)
    }

    @Test("nobody there, and a name that does not resolve, are unreachable: nothing was sent")
    func unreachable() async throws {
        for text in ["127.0.0.1:\(ScriptedServer.unusedPort())", "no-such-host.invalid:60053"] {
            let error = try await onOwnThread { () -> ScalarAdminError? in
                let target = try PauseTarget(text)
                return caught(ScalarAdminError.self) { try ScalarAdminConnection(target, PauseAccess(targets: [target], callSeconds: 2)).pause(waitSeconds: 1) }
            }
            guard case .unreachable = error else { throw Unexpected(description: "\(String(describing: error))") }
            #expect(error?.leavesStateUnknown == false)
        }
    }
}

struct Unexpected: Error, CustomStringConvertible { let description: String }
