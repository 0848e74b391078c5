import Testing

@testable import ScalarAdmin

/// The bytes are those that Google's protobuf for Python writes for `admin.proto`.
@Suite struct MessageTests {
    @Test(
        "a PauseRequest is coded as protobuf codes it",
        arguments: [
            (false, nil, []), (true, nil, [0x08, 0x01]), (true, 1000, [0x08, 0x01, 0x10, 0xE8, 0x07]), (true, 30_000, [0x08, 0x01, 0x10, 0xB0, 0xEA, 0x01]),
            (true, 0, [0x08, 0x01, 0x10, 0x00]), (false, -1, [0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]),
            (true, .max, [0x08, 0x01, 0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]),
        ] as [(Bool, Int?, [UInt8])])
    func pauseRequest(_ wait: Bool, _ milliseconds: Int?, _ bytes: [UInt8]) {
        #expect(PauseRequest(waitOutstanding: wait, maxPauseWaitMilliseconds: milliseconds).bytes == bytes)
    }

    @Test(
        "a CheckPausedResponse is read, the last of a field counts, and fields of later releases are skipped",
        arguments: [
            ([], false), ([0x08, 0x01], true), ([0x08, 0x00], false), ([0x08, 0x01, 0x08, 0x00], false),
            // stats = "{}" as field 2, a double as 3, a float as 4, a large varint as 5.
            ([0x12, 0x02, 0x7B, 0x7D, 0x19, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0x25, 0, 0, 0x80, 0x3F, 0x28, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0x08, 0x01], true),
        ] as [([UInt8], Bool)])
    func checkPausedResponse(_ bytes: [UInt8], _ paused: Bool) throws {
        #expect(try CheckPausedResponse(bytes).paused == paused)
    }

    @Test(
        "what is not protobuf is refused, and so is a 'paused' of another type",
        arguments: [
            [0x08], [0x08, 0x80], [0x08] + Array(repeating: 0xFF, count: 11), [0x12, 0x03, 0x7B], [0x19, 0], [0x25, 0, 0], [0x00, 0x01], [0x0B], [0x0E],
            [0x0A, 0x01, 0x01], [0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
        ] as [[UInt8]])
    func malformed(_ bytes: [UInt8]) {
        #expect(throws: WireError.self) { try CheckPausedResponse(bytes) }
    }

    @Test("all 17 statuses have their number and name, and other numbers are kept")
    func statuses() {
        let statuses = (0...16).map { GRPCStatus($0) }
        #expect(statuses.map(\.number) == Array(0...16) && Set(statuses.map(\.description)).count == 17)
        #expect(GRPCStatus(9).description == "FAILED_PRECONDITION" && GRPCStatus(14) == .unavailable && GRPCStatus(12) == .unimplemented)
        #expect(GRPCStatus(17) == .other(17) && GRPCStatus(17).number == 17 && GRPCStatus(-1) == .other(-1))
    }
}
