import Crypto
import Synchronization
import TestSupport
import Testing

@testable import JMX

/// Plays a JMX server up to a chosen point: greeting, lookup, login, then one call.
private struct Impostor {
    /// What the server says after each thing that it hears.
    static func session(port: Int) -> [[UInt8]] {
        let greeting: [UInt8] = [0x4e, 0, 9] + Array("127.0.0.1".utf8) + [0, 0, 0x30, 0x39]
        let stub = stub(port: port)
        return [greeting, stub, stub, RecordedReply.version.bytes]
    }

    /// A recorded stub that leads back to this server.
    static func stub(port: Int) -> [UInt8] {
        var bytes = RecordedReply.registry.bytes
        let host = Array("127.0.0.1".utf8)
        let place = bytes.indices.last { bytes[$0...].starts(with: host) }! + host.count
        bytes.replaceSubrange(place..<place + 4, with: [0, 0, UInt8(port >> 8), UInt8(port & 0xff)])
        return bytes
    }

    /// Hears what comes before the answer number `turn`; false when the client is gone.
    static func hear(_ peer: ScriptedServer.Peer, _ turn: Int) -> Bool {
        if turn == 0 { return peer.receive(7) != nil }
        if turn == 1 {
            guard let length = peer.receive(2), peer.receive(Int(length[0]) << 8 + Int(length[1]) + 4) != nil else { return false }
        }
        return peer.receiveSome() != nil
    }
}

@Suite("Against servers that misbehave")
struct HostileServerTests {
    /// Sends `answers` in turn, the last of them only after a call; then runs `ending`.
    private func server(
        _ answers: @escaping @Sendable (Int) -> [[UInt8]], ending: @escaping @Sendable (ScriptedServer.Peer) -> Void = { _ in }
    ) -> ScriptedServer {
        let port = Mutex(0)
        let shared = Shared(port: port)
        let server = ScriptedServer { peer in
            for (turn, answer) in answers(shared.port.withLock { $0 }).enumerated() {
                guard Impostor.hear(peer, turn), peer.send(answer) else { return }
            }
            ending(peer)
        }
        shared.port.withLock { $0 = server.port }
        return server
    }

    private final class Shared: Sendable {
        let port: Mutex<Int>
        init(port: consuming Mutex<Int>) { self.port = port }
    }

    private func readVersion(_ server: ScriptedServer, timeout: Duration = .seconds(30), limits: JavaReader.Limits = JavaReader.Limits()) throws -> JavaValue {
        let jmx = try JMXConnection(Endpoint(host: "127.0.0.1", port: server.port), credentials: nil, tls: nil, timeout: timeout, limits: limits)
        return try jmx.getAttribute("a:b=c", "ReleaseVersion")
    }

    @Test("the impostor passes for a server while it behaves")
    func control() throws {
        #expect(try readVersion(server { Impostor.session(port: $0) }) == .string("5.0.6"))
    }

    @Test("a server that hangs up after any of its bytes is an error that ends the connection, at once")
    func cutAnywhere() {
        let total = Impostor.session(port: 1).joined().count
        for count in stride(from: 0, to: total, by: 1) {
            let server = server { port in
                var left = count
                var answers: [[UInt8]] = []
                for answer in Impostor.session(port: port) where left >= 0 {
                    answers.append(Array(answer.prefix(left)))
                    left -= answer.count
                }
                return answers
            }
            let error = caught(JMXError.self) { try readVersion(server) }
            switch error {
            case .broken, .notJMX, .unreachable: break
            default: Issue.record("after \(count) bytes: \(String(describing: error))")
            }
        }
    }

    @Test("garbage in place of any answer is an error that ends the connection", arguments: 0..<4)
    func garbage(_ turn: Int) {
        var random = SplitMix(seed: UInt64(turn))
        for _ in 0..<50 {
            let noise = (0..<Int.random(in: 1...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            let prefixed = turn == 0 || Bool.random(using: &random) ? noise : Array(Impostor.stub(port: 1).prefix(22)) + noise
            let server = server { port in Array(Impostor.session(port: port).prefix(turn)) + [prefixed] }
            let error = caught(JMXError.self) { try readVersion(server) }
            #expect(error?.endsConnection == true, "\(String(describing: error)) after \(hexString(prefixed))")
        }
    }

    @Test("a server of another protocol is no JMX server")
    func otherProtocol() {
        let server = ScriptedServer { peer in
            peer.send(Array("SSH-2.0-OpenSSH_9.2\r\n".utf8))
            peer.waitForClose()
        }
        let error = caught(JMXError.self) { try readVersion(server) }
        #expect(error == .notJMX(Endpoint(host: "127.0.0.1", port: server.port), reason: "it does not answer as Java's RMI does"))
    }

    @Test("a server that falls silent runs into the timeout, whenever it does", arguments: 0..<4)
    func silent(_ turn: Int) {
        let server = server({ Array(Impostor.session(port: $0).prefix(turn)) }, ending: { $0.waitForClose() })
        let error = caught(JMXError.self) { try readVersion(server, timeout: .milliseconds(300)) }
        let endpoint = Endpoint(host: "127.0.0.1", port: server.port)
        switch turn {
        case 0: #expect(error == .unreachable(endpoint, reason: "it takes connections but sends no greeting"))
        case 1: #expect(error == .timedOut(call: "looking up 'jmxrmi'"))
        case 2: #expect(error == .timedOut(call: "logging in"))
        default: #expect(error == .timedOut(call: "reading ReleaseVersion"))
        }
    }

    @Test("a reply without end stops at the limit, or at the timeout")
    func endless() {
        let head = Array(RecordedReply.version.bytes.prefix(22))
        let array: [UInt8] = [0x75, 0x72, 0, 2] + Array("[B".utf8) + [UInt8](repeating: 0, count: 8) + [2, 0, 0, 0x78, 0x70, 0x7f, 0xff, 0xff, 0xff]
        let object: [UInt8] = [0x73, 0x72, 0, 1, 0x61] + [UInt8](repeating: 0, count: 8) + [1, 0, 0, 0x78, 0x70]
        let outpour: @Sendable (ScriptedServer.Peer) -> Void = { peer in while peer.send([UInt8](repeating: 0x70, count: 65536)) {} }
        var limits = JavaReader.Limits()
        limits.bytes = 4 << 20
        for opening in [array, object] {
            let server = server({ Array(Impostor.session(port: $0).dropLast()) + [head + opening] }, ending: outpour)
            #expect(throws: JMXError.broken(call: "reading ReleaseVersion", reason: "the reply is larger than this client accepts")) {
                try readVersion(server, limits: limits)
            }
        }
        let server = server({ Array(Impostor.session(port: $0).dropLast()) + [head + object] }, ending: outpour)
        let error = caught(JMXError.self) { try readVersion(server, timeout: .milliseconds(500)) }
        #expect(error == .timedOut(call: "reading ReleaseVersion"))
    }

    @Test("more than was asked for breaks the next call")
    func surplus() throws {
        let server = server(
            { port in Impostor.session(port: port).dropLast() + [RecordedReply.version.bytes + RecordedReply.version.bytes] }, ending: { $0.waitForClose() })
        let jmx = try JMXConnection(host: "127.0.0.1", port: server.port, timeout: .seconds(30))
        #expect(try jmx.getAttribute("a:b=c", "ReleaseVersion") == .string("5.0.6"))
        #expect(throws: JMXError.broken(call: "reading ReleaseVersion", reason: "the server sent more than was asked")) {
            try jmx.getAttribute("a:b=c", "ReleaseVersion")
        }
    }

    @Test("nobody listening is unreachable")
    func nobody() {
        let port = ScriptedServer.unusedPort()
        let error = caught(JMXError.self) { try JMXConnection(host: "127.0.0.1", port: port) }
        #expect(error == .unreachable(Endpoint(host: "127.0.0.1", port: port), reason: "connection refused"))
        #expect(error?.description == "unable to reach JMX at 127.0.0.1:\(port): connection refused")
    }
}
