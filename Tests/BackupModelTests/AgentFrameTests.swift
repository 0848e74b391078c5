import BackupModel
import TestSupport
import Testing

@Suite struct AgentFrameTests {
    private static let bodies: [[UInt8]] = [Array("{}".utf8), [], Array("AEN1".utf8), [0, 255, 10], [UInt8](repeating: 65, count: 300)]

    @Test("frames cut at every byte come back whole")
    func everySplit() throws {
        let stream = Self.bodies.flatMap(AgentFrame.encode)
        for cut in 0...stream.count {
            var reader = AgentFrameReader(), seen: [[UInt8]] = []
            for part in [stream[..<cut], stream[cut...]] {
                reader.feed(part)
                while let body = try reader.next() { seen.append(body) }
            }
            #expect(seen == Self.bodies && reader.isEmpty)
        }
    }

    @Test("frames that come byte by byte come back whole")
    func byteByByte() throws {
        var reader = AgentFrameReader(), seen: [[UInt8]] = []
        for byte in Self.bodies.flatMap(AgentFrame.encode) {
            reader.feed([byte])
            while let body = try reader.next() { seen.append(body) }
        }
        #expect(seen == Self.bodies)
    }

    @Test("noise is named at its first wrong byte, before a length is read from it", arguments: ["Welcome to host\n", "AEN2\0\0\0\0", "AX", "\n"])
    func noise(_ text: String) {
        var reader = AgentFrameReader()
        reader.feed(Array(text.utf8))
        #expect(caught(AgentFrameError.self) { try reader.next() } == .noise(text))
    }

    @Test("noise is told with at most 80 bytes, escaped")
    func longNoise() {
        var reader = AgentFrameReader()
        reader.feed([UInt8](repeating: 0x1B, count: 5000))
        let error = caught(AgentFrameError.self) { try reader.next() }
        #expect(error?.description == "not a frame of the agent's: '" + String(repeating: #"\u{1b}"#, count: 80) + "'")
    }

    @Test("noise after a whole frame does not spoil it")
    func noiseAfter() throws {
        var reader = AgentFrameReader()
        reader.feed(AgentFrame.encode([1]) + Array("oops".utf8))
        #expect(try reader.next() == [1])
        #expect(caught(AgentFrameError.self) { try reader.next() } == .noise("oops"))
    }

    @Test("a length that no frame may have is refused before any of it is waited for")
    func tooLong() {
        for (length, count) in [([4, 0, 0, 1] as [UInt8], 64 << 20 | 1), ([255, 255, 255, 255], 4_294_967_295)] {
            var reader = AgentFrameReader()
            reader.feed(AgentFrame.magic + length)
            #expect(caught(AgentFrameError.self) { try reader.next() } == .tooLong(count))
        }
    }
}
