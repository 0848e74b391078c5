import Foundation
import Synchronization

/// An HTTP/1.1 server whose every answer is written out by the test, wrong ones included.
package final class ScriptedHTTPServer: Sendable {
    package struct Request: Sendable {
        package var method: String
        /// Path and query as they were sent.
        package var target: String
        /// Names in lower case.
        package var fields: [String: String]
        package var body: [UInt8]
    }

    package enum Answer: Sendable {
        /// A field `Content-Length:` without a value keeps the length from being told.
        case whole(Int, fields: [String] = [], body: [UInt8] = [])
        /// Announces all of `body` and breaks off after so many bytes.
        case cut(Int, fields: [String] = [], body: [UInt8], after: Int, reset: Bool)
        case reset
        /// Sends nothing more and waits for the client to leave.
        case silence
    }

    private let server: ScriptedServer
    private let seen: Seen

    private final class Seen: Sendable {
        let requests = Mutex<[Request]>([])
    }

    package var port: Int { server.port }
    package var url: String { "http://127.0.0.1:\(port)" }
    package var requests: [Request] { seen.requests.withLock { $0 } }

    /// - Parameters:
    ///   - refuses: Whether the connection is reset once the head of the request of that number has come, and its body is not read.
    ///     Numbers run from 0 over all connections.
    ///   - answer: Asked once for each other request.
    package init(refuses: @escaping @Sendable (Int) -> Bool = { _ in false }, _ answer: @escaping @Sendable (Request, Int) -> Answer) {
        let seen = Seen()
        self.seen = seen
        server = ScriptedServer { peer in
            var connection = Connection(peer: peer)
            while let head = connection.readHead() {
                let number = seen.requests.withLock { requests in
                    requests.append(head)
                    return requests.count - 1
                }
                guard !refuses(number) else { return peer.reset() }
                guard let body = connection.readBody(of: head) else { return }
                let request = seen.requests.withLock { requests in
                    requests[number].body = body
                    return requests[number]
                }
                guard connection.give(answer(request, number), to: request) else { return }
            }
        }
    }

    private struct Connection {
        let peer: ScriptedServer.Peer
        var waiting: [UInt8] = []

        init(peer: ScriptedServer.Peer) { self.peer = peer }

        mutating func readHead() -> Request? {
            let end = Array("\r\n\r\n".utf8)
            while waiting.firstRange(of: end) == nil {
                guard let more = peer.receiveSome() else { return nil }
                waiting += more
            }
            let range = waiting.firstRange(of: end)!
            let lines = String(decoding: waiting[..<range.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
            waiting.removeSubrange(..<range.upperBound)
            let words = lines[0].split(separator: " ")
            var fields: [String: String] = [:]
            for line in lines.dropFirst() {
                guard let colon = line.firstIndex(of: ":") else { continue }
                fields[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            }
            return Request(method: String(words[0]), target: String(words[1]), fields: fields, body: [])
        }

        mutating func readBody(of request: Request) -> [UInt8]? {
            if request.fields["transfer-encoding"] == "chunked" { return readChunks() }
            return take(Int(request.fields["content-length"] ?? "") ?? 0)
        }

        private mutating func readChunks() -> [UInt8]? {
            var body: [UInt8] = []
            while true {
                while waiting.firstRange(of: Array("\r\n".utf8)) == nil {
                    guard let more = peer.receiveSome() else { return nil }
                    waiting += more
                }
                let line = waiting.firstRange(of: Array("\r\n".utf8))!
                let size = Int(String(decoding: waiting[..<line.lowerBound], as: UTF8.self), radix: 16)!
                waiting.removeSubrange(..<line.upperBound)
                guard let chunk = take(size + 2) else { return nil }
                guard size > 0 else { return body }
                body += chunk.dropLast(2)
            }
        }

        private mutating func take(_ count: Int) -> [UInt8]? {
            while waiting.count < count {
                guard let more = peer.receiveSome() else { return nil }
                waiting += more
            }
            defer { waiting.removeFirst(count) }
            return Array(waiting.prefix(count))
        }

        /// Returns whether the connection goes on.
        func give(_ answer: Answer, to request: Request) -> Bool {
            switch answer {
            case .whole(let status, let fields, let body): return peer.send(head(status, fields, body.count) + (request.method == "HEAD" ? [] : body))
            case .cut(let status, let fields, let body, let after, let reset):
                peer.send(head(status, fields, body.count) + body.prefix(after))
                // A reset overtakes what is still on its way: let the bytes arrive first.
                if reset {
                    usleep(50_000)
                    peer.reset()
                }
                return false
            case .reset:
                peer.reset()
                return false
            case .silence:
                peer.waitForClose()
                return false
            }
        }

        private func head(_ status: Int, _ fields: [String], _ length: Int) -> [UInt8] {
            let own = fields.contains { $0.lowercased().hasPrefix("content-length:") } ? [] : ["Content-Length: \(length)"]
            return Array((["HTTP/1.1 \(status) Scripted"] + own + fields.filter { $0 != "Content-Length:" } + ["", ""]).joined(separator: "\r\n").utf8)
        }
    }
}
