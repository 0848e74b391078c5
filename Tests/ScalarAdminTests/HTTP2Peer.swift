import TestSupport

/// A server that sends whatever frames of HTTP/2 a test wants in answer to the first call of each connection.
struct HTTP2Peer {
    enum Frame {
        case headers([(String, String)], ends: Bool = false)
        case data([UInt8], ends: Bool = false)
        /// RST_STREAM with that code.
        case reset(UInt8)
        /// GOAWAY, then the connection is closed.
        case goAway
        case raw([UInt8])
    }

    let server: ScriptedServer

    init(_ frames: [Frame]) {
        server = ScriptedServer { peer in
            // The preface, and as many frames as make up a call: its end carries END_STREAM.
            guard peer.receive(24) != nil else { return }
            peer.send(Self.frame(type: 4, flags: 0, stream: 0, []))
            while let head = peer.receive(9) {
                let length = head[0..<3].reduce(0) { $0 << 8 | Int($1) }
                guard peer.receive(length) != nil else { return }
                if head[3] == 4, head[4] & 1 == 0 { peer.send(Self.frame(type: 4, flags: 1, stream: 0, [])) }
                guard head[3] == 0, head[4] & 1 == 1 else { continue }
                for frame in frames { peer.send(Self.bytes(frame)) }
                if case .goAway = frames.last { return }
            }
        }
    }

    private static func bytes(_ frame: Frame) -> [UInt8] {
        switch frame {
        case .headers(let fields, let ends): Self.frame(type: 1, flags: ends ? 5 : 4, stream: 1, fields.flatMap { literal($0.0, $0.1) })
        case .data(let bytes, let ends): Self.frame(type: 0, flags: ends ? 1 : 0, stream: 1, bytes)
        case .reset(let code): Self.frame(type: 3, flags: 0, stream: 1, [0, 0, 0, code])
        case .goAway: Self.frame(type: 7, flags: 0, stream: 0, [0, 0, 0, 0, 0, 0, 0, 2])
        case .raw(let bytes): bytes
        }
    }

    private static func frame(type: UInt8, flags: UInt8, stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [UInt8(payload.count >> 16), UInt8(payload.count >> 8 & 255), UInt8(payload.count & 255), type, flags, 0, 0, 0, stream] + payload
    }

    /// HPACK: a literal field without indexing, with a name of its own, nothing compressed.
    private static func literal(_ name: String, _ value: String) -> [UInt8] {
        func text(_ text: String) -> [UInt8] {
            let bytes = Array(text.utf8)
            precondition(bytes.count < 127)
            return [UInt8(bytes.count)] + bytes
        }
        return [0] + text(name) + text(value)
    }
}
