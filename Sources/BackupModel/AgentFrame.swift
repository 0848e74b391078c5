/// The frames between master and agent: four bytes of magic, four of length (big endian), then that many bytes of JSON.
///
/// The magic finds noise: whatever a login script or a banner printed into the stream is refused by name instead of being read as a length.
package enum AgentFrame {
    package static let magic: [UInt8] = Array("AEN1".utf8)
    package static let headerSize = 8
    package static let greatestBody = 64 << 20

    package static func encode(_ body: [UInt8]) -> [UInt8] {
        precondition(body.count <= greatestBody)
        let count = UInt32(body.count)
        return magic + [UInt8(count >> 24), UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255)] + body
    }
}

package enum AgentFrameError: Error, Hashable, CustomStringConvertible {
    /// What came instead of a frame, at most 80 bytes of it as text.
    case noise(String)
    case tooLong(Int)

    package var description: String {
        switch self {
        case .noise(let text): "not a frame of the agent's: \(quoted(text))"
        case .tooLong(let count): "a frame of \(count) bytes, more than \(AgentFrame.greatestBody)"
        }
    }
}

/// Cuts a stream of bytes into frames' bodies.
package struct AgentFrameReader: Sendable {
    private var buffer: [UInt8] = []

    package init() {}

    package mutating func feed(_ bytes: some Sequence<UInt8>) { buffer.append(contentsOf: bytes) }
    package var isEmpty: Bool { buffer.isEmpty }

    /// The next whole body; nil when more bytes are needed.
    package mutating func next() throws(AgentFrameError) -> [UInt8]? {
        let magicSeen = min(buffer.count, AgentFrame.magic.count)
        guard buffer.prefix(magicSeen).elementsEqual(AgentFrame.magic.prefix(magicSeen)) else {
            throw AgentFrameError.noise(String(decoding: buffer.prefix(80), as: UTF8.self))
        }
        guard buffer.count >= AgentFrame.headerSize else { return nil }
        let count = buffer[4..<8].reduce(0) { $0 << 8 | Int($1) }
        guard count <= AgentFrame.greatestBody else { throw AgentFrameError.tooLong(count) }
        guard buffer.count >= AgentFrame.headerSize + count else { return nil }
        let body = Array(buffer[AgentFrame.headerSize..<AgentFrame.headerSize + count])
        buffer.removeFirst(AgentFrame.headerSize + count)
        return body
    }
}
