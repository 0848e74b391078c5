import CZlib

/// Unpacks one gzip stream given piece by piece, its checksum included. One thread at a time.
package final class GzipReader {
    private let stream = ZStream.inflating()
    private let limit: Int
    private var given = 0
    /// Whether the stream came to its own end.
    package private(set) var isAtEnd = false

    /// - Parameter limit: Bytes that may come out in all: a few kilobytes can claim to be gigabytes.
    package init(limit: Int) { self.limit = limit }

    /// - Throws: `GzipError`, or what `sink` throws. Nothing may follow an error.
    package func update(_ bytes: UnsafeRawBufferPointer, sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard !bytes.isEmpty else { return }
        guard !isAtEnd else { throw GzipError.trailingBytes }
        let (outcome, unread) = try stream.run(bytes, flush: Z_NO_FLUSH) { piece in
            given += piece.count
            guard given <= limit else { throw GzipError.tooLarge(limit: limit) }
            try sink(piece)
        }
        switch outcome {
        case .more: break
        case .end:
            isAtEnd = true
            if unread > 0 { throw GzipError.trailingBytes }
        case .failed(let reason): throw GzipError.notGzip(reason)
        }
    }

    package func update(_ bytes: [UInt8]) throws -> [UInt8] {
        var out: [UInt8] = []
        try bytes.withUnsafeBytes { try update($0) { out.append(contentsOf: $0) } }
        return out
    }

    /// - Throws: `GzipError.truncated` unless the stream came to its end.
    package func finish() throws {
        guard isAtEnd else { throw GzipError.truncated }
    }
}
