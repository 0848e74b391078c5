import Compression
import Foundation
import Testing

@Suite struct CompressionTests {
    func packed(_ bytes: [UInt8], piece: Int = 10_000) -> [UInt8] {
        let writer = GzipWriter()
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: piece) { out += writer.update(Array(bytes[start..<min(start + piece, bytes.count)])) }
        return out + writer.finish()
    }

    func unpacked(_ bytes: [UInt8], piece: Int, limit: Int = 1 << 30) throws -> [UInt8] {
        let reader = GzipReader(limit: limit)
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: piece) { out += try reader.update(Array(bytes[start..<min(start + piece, bytes.count)])) }
        try reader.finish()
        return out
    }

    static let samples: [[UInt8]] = [[], [7], (0..<300_000).map { UInt8(truncatingIfNeeded: $0 / 5) }, (0..<200_000).map { _ in .random(in: 0...255) }]

    @Test("what was packed comes back, whatever the pieces", arguments: samples.indices, [1, 777, 1 << 20])
    func roundTrip(_ sample: Int, piece: Int) throws {
        #expect(try unpacked(packed(Self.samples[sample], piece: max(piece, 100)), piece: piece) == Self.samples[sample])
    }

    @Test("gzip itself reads what we write, and we what it writes")
    func interchange() throws {
        let sample = Self.samples[2]
        #expect(try gzip(["-dc"], packed(sample)) == sample)
        #expect(try unpacked(gzip(["-c9"], sample), piece: 1000) == sample)
    }

    @Test("equal input gives equal output") func deterministic() { #expect(packed(Self.samples[2]) == packed(Self.samples[2])) }

    @Test("a stream cut anywhere is refused") func cut() {
        let whole = packed(Array("some text of no great length".utf8))
        for count in 0..<whole.count { #expect(throws: GzipError.truncated) { try unpacked(Array(whole.prefix(count)), piece: 7) } }
    }

    @Test("bytes after the end are refused, in the same piece and in the next", arguments: [1, 1000]) func trailing(piece: Int) {
        #expect(throws: GzipError.trailingBytes) { try unpacked(packed([1, 2, 3]) + [0], piece: piece) }
    }

    @Test("a flipped bit anywhere but in the header's unused bytes is refused") func flipped() {
        let sample = Self.samples[2], whole = packed(sample)
        for index in [0, 1, 2] + Array(stride(from: 10, to: whole.count, by: 97)) + Array(whole.count - 8..<whole.count) {
            var bad = whole
            bad[index] ^= 0x10
            #expect(throws: GzipError.self) { try unpacked(bad, piece: 1 << 20) }
        }
    }

    @Test("a stream that unpacks to more than allowed is refused before it is unpacked") func bomb() throws {
        let bomb = packed([UInt8](repeating: 0, count: 10_000_000))
        #expect(bomb.count < 20_000)
        #expect(throws: GzipError.tooLarge(limit: 1_000_000)) { try unpacked(bomb, piece: 1 << 20, limit: 1_000_000) }
        #expect(try unpacked(bomb, piece: 1 << 20, limit: 10_000_000).count == 10_000_000)
    }

    @Test("CRC-32 is the well-known one, in one piece and in many") func crc() {
        #expect(CRC32.hash(Array("123456789".utf8)) == 0xCBF4_3926)
        #expect(CRC32.hash([]) == 0)
        let sample = Self.samples[3]
        var pieces = CRC32()
        for start in stride(from: 0, to: sample.count, by: 7919) { pieces.update(Array(sample[start..<min(start + 7919, sample.count)])) }
        #expect(pieces.value == CRC32.hash(sample))
        #expect(pieces.value == bitwise(sample))
    }

    private func bitwise(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0 as UInt32) { crc, byte in (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1 == 0 ? 0 : 0xEDB8_8320) } }
    }

    private func gzip(_ arguments: [String], _ input: [UInt8]) throws -> [UInt8] {
        let file = FileManager.default.temporaryDirectory.appending(path: "aeneas-gzip-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(input).write(to: file)
        let process = Process(), output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["gzip"] + arguments
        process.standardInput = try FileHandle(forReadingFrom: file)
        process.standardOutput = output
        try process.run()
        let bytes = Array(output.fileHandleForReading.readDataToEndOfFile())
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return bytes
    }
}
