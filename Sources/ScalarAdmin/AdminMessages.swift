// The messages of scalar-admin's `admin.proto`, in protobuf's wire format:
// PauseRequest {bool wait_outstanding = 1; optional int64 max_pause_wait_time = 2 [ms]}, CheckPausedResponse {bool paused = 1}; all others are empty.

struct PauseRequest: Hashable, Sendable {
    var waitOutstanding: Bool
    var maxPauseWaitMilliseconds: Int?

    /// Releases before scalar-admin 1.1 skip the second field.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        if waitOutstanding { bytes += [1 << 3, 1] }
        if let maxPauseWaitMilliseconds { bytes += [2 << 3] + varint(UInt64(bitPattern: Int64(maxPauseWaitMilliseconds))) }
        return bytes
    }
}

struct CheckPausedResponse: Hashable, Sendable {
    var paused = false

    init(_ bytes: [UInt8]) throws(WireError) {
        var reader = WireReader(bytes)
        while let field = try reader.next() {
            guard field.number == 1 else { continue }
            // protobuf would take a field of another type for an unknown one, and so the instance for open.
            guard case .varint(let value) = field.value else { throw WireError(description: "'paused' is no bool") }
            paused = value != 0
        }
    }
}

/// A message without fields; those of later releases are skipped, but must be well-formed.
func checkEmpty(_ bytes: [UInt8]) throws(WireError) {
    var reader = WireReader(bytes)
    while try reader.next() != nil {}
}

struct WireError: Error, Hashable, CustomStringConvertible { let description: String }

/// Reads the fields of a protobuf message one after the other.
struct WireReader {
    enum Value: Hashable { case varint(UInt64), bytes(ArraySlice<UInt8>), fixed }
    struct Field: Hashable {
        let number: Int
        let value: Value
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    mutating func next() throws(WireError) -> Field? {
        if rest.isEmpty { return nil }
        let key = try varint(), number = key >> 3
        guard (1...0x1FFF_FFFF).contains(number) else { throw WireError(description: "a field of number \(number)") }
        let value: Value
        switch key & 7 {
        case 0: value = .varint(try varint())
        case 1:
            _ = try take(8)
            value = .fixed
        case 2:
            let count = try varint()
            guard count <= rest.count else { throw WireError(description: "it ends within a field") }
            value = .bytes(try take(Int(count)))
        case 5:
            _ = try take(4)
            value = .fixed
        default: throw WireError(description: "a field of wire type \(key & 7)")
        }
        return Field(number: Int(number), value: value)
    }

    private mutating func varint() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = rest.popFirst() else { throw WireError(description: "it ends within a number") }
            // The tenth byte has room for one bit; protobuf drops the others.
            if shift < 64 { value |= UInt64(byte & 0x7F) << shift }
            if byte < 0x80 { return value }
        }
        throw WireError(description: "a number of more than ten bytes")
    }

    private mutating func take(_ count: Int) throws(WireError) -> ArraySlice<UInt8> {
        guard count <= rest.count else { throw WireError(description: "it ends within a field") }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}

private func varint(_ value: UInt64) -> [UInt8] {
    var rest = value, bytes: [UInt8] = []
    while rest >= 0x80 {
        bytes.append(UInt8(rest & 0x7F) | 0x80)
        rest >>= 7
    }
    return bytes + [UInt8(rest)]
}
