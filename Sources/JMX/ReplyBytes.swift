import Crypto

/// Bytes of a reply as they arrive. A reply has no stated length, so its size is limited here.
final class ReplyBytes {
    /// Puts at least one byte into the buffer and returns how many, or throws.
    typealias Refill = (UnsafeMutableRawBufferPointer) throws(SocketError) -> Int

    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 1)
    private var next = 0
    private var end = 0
    private let refill: Refill
    /// How many more bytes the present reply may have.
    private var allowance: Int
    /// Names the call in errors.
    var call = "a call"

    init(limit: Int, refill: @escaping Refill) {
        allowance = limit
        self.refill = refill
    }

    deinit { buffer.deallocate() }

    var isEmpty: Bool { next == end }

    func beginReply(limit: Int) { allowance = limit }

    func broken(_ reason: String) -> JMXError { .broken(call: call, reason: reason) }

    /// Throws when a text or array of `count` bytes is longer than a reply may be, before any of it is read.
    func check(_ count: Int) throws(JMXError) {
        if count > allowance { throw broken("the reply is larger than this client accepts") }
    }

    func byte() throws(JMXError) -> UInt8 {
        try check(1)
        if isEmpty { try fill() }
        defer { next += 1 }
        allowance -= 1
        return buffer[next]
    }

    func bytes(_ count: Int) throws(JMXError) -> [UInt8] {
        try check(count)
        var result: [UInt8] = []
        // Memory follows the bytes that came, never the number that was announced.
        while result.count < count {
            if isEmpty { try fill() }
            let piece = min(count - result.count, end - next)
            result += buffer[next..<next + piece]
            next += piece
        }
        allowance -= count
        return result
    }

    func integer<Value: FixedWidthInteger>(_: Value.Type) throws(JMXError) -> Value {
        var value: Value = 0
        for _ in 0..<MemoryLayout<Value>.size { value = value << 8 | Value(truncatingIfNeeded: try byte()) }
        return value
    }

    func utf() throws(JMXError) -> String { try text(Int(try integer(UInt16.self))) }

    func text(_ count: Int) throws(JMXError) -> String {
        guard let text = ModifiedUTF8.decode(try bytes(count)) else { throw broken("a text is not in Java's encoding") }
        return text
    }

    private func fill() throws(JMXError) {
        next = 0
        end = 0
        do { end = try refill(buffer) } catch { throw JMXError(calling: call, error) }
    }
}
