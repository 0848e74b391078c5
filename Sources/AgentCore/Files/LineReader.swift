import Glibc

/// Cuts a file's bytes into lines, without their ends; what follows the last line end is no line.
struct LineReader {
    private var buffer: [UInt8] = []
    private var start = 0
    /// Of the first byte that is not yet part of a line given out.
    private(set) var offset: Int

    init(offset: Int = 0) { self.offset = offset }

    mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    mutating func next() -> ArraySlice<UInt8>? {
        guard let end = buffer[start...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer {
            offset += end + 1 - start
            start = end + 1
        }
        return buffer[start..<end]
    }

    /// Bytes held that belong to no whole line yet.
    var rest: Int { buffer.count - start }
}
