import CZlib

/// A `z_stream` at an address of its own, since zlib keeps pointers to it, and 64 KiB for what comes out.
final class ZStream {
    enum Outcome {
        case more, end
        case failed(String)
    }

    static let window = MAX_WBITS
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    private let step: (UnsafeMutablePointer<z_stream>, Int32) -> Int32
    private let end: (UnsafeMutablePointer<z_stream>) -> Int32

    /// The window sizes ask for gzip's header and trailer rather than zlib's.
    static func deflating(level: Int32) -> ZStream {
        ZStream(step: deflate, end: deflateEnd) {
            deflateInit2_($0, level, Z_DEFLATED, window + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        }
    }

    static func inflating() -> ZStream {
        ZStream(step: inflate, end: inflateEnd) { inflateInit2_($0, window + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) }
    }

    private init(
        step: @escaping (UnsafeMutablePointer<z_stream>, Int32) -> Int32, end: @escaping (UnsafeMutablePointer<z_stream>) -> Int32,
        start: (UnsafeMutablePointer<z_stream>) -> Int32
    ) {
        self.step = step
        self.end = end
        stream.initialize(to: z_stream())
        guard start(stream) == Z_OK else { fatalError("zlib cannot start: out of memory or of another version") }
    }

    deinit {
        _ = end(stream)
        stream.deallocate()
        output.deallocate()
    }

    /// Gives `input` to zlib and what comes out to `sink`, until zlib wants more.
    ///
    /// - Returns: The outcome, and how many bytes of `input` were left unread at the stream's end.
    func run(_ input: UnsafeRawBufferPointer, flush: Int32, sink: (UnsafeRawBufferPointer) throws -> Void) rethrows -> (Outcome, unread: Int) {
        var offset = 0
        while true {
            let piece = min(input.count - offset, 1 << 30)
            stream.pointee.next_in = input.baseAddress.map { UnsafeMutablePointer(mutating: $0.advanced(by: offset).assumingMemoryBound(to: UInt8.self)) }
            stream.pointee.avail_in = UInt32(piece)
            let isLast = offset + piece == input.count
            let outcome = try drain(flush: isLast ? flush : Z_NO_FLUSH, sink: sink)
            offset += piece - Int(stream.pointee.avail_in)
            guard case .more = outcome, offset < input.count else { return (outcome, input.count - offset) }
        }
    }

    private func drain(flush: Int32, sink: (UnsafeRawBufferPointer) throws -> Void) rethrows -> Outcome {
        while true {
            stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
            stream.pointee.avail_out = UInt32(output.count)
            let code = step(stream, flush)
            let made = output.count - Int(stream.pointee.avail_out)
            if made > 0 { try sink(UnsafeRawBufferPointer(rebasing: output[..<made])) }
            switch code {
            case Z_STREAM_END: return .end
            case Z_OK where stream.pointee.avail_out == 0: continue
            // No progress is possible: zlib wants more input.
            case Z_OK, Z_BUF_ERROR: return .more
            default: return .failed(stream.pointee.msg.map { String(cString: $0) } ?? "zlib error \(code)")
            }
        }
    }
}
