import CZlib

/// Packs bytes given piece by piece into one gzip stream without name and time, so that equal input gives equal output. One thread at a time.
package final class GzipWriter {
    private let stream: ZStream

    /// - Parameter level: 1 (fast) to 9 (small).
    package init(level: Int = 6) { stream = .deflating(level: Int32(level)) }

    package func update(_ bytes: UnsafeRawBufferPointer, sink: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        _ = try stream.run(bytes, flush: Z_NO_FLUSH, sink: sink)
    }

    /// Gives the rest. Nothing may follow.
    package func finish(sink: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        _ = try stream.run(UnsafeRawBufferPointer(start: nil, count: 0), flush: Z_FINISH, sink: sink)
    }

    package func update(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        bytes.withUnsafeBytes { update($0) { out.append(contentsOf: $0) } }
        return out
    }

    package func finish() -> [UInt8] {
        var out: [UInt8] = []
        finish { out.append(contentsOf: $0) }
        return out
    }
}
