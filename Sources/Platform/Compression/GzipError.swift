package enum GzipError: Error, Hashable, CustomStringConvertible {
    case notGzip(String)
    case truncated
    /// Bytes after the end of the stream.
    case trailingBytes
    /// More comes out than the caller allows.
    case tooLarge(limit: Int)

    package var description: String {
        switch self {
        case .notGzip(let reason): "not a sound gzip stream: \(reason)"
        case .truncated: "the gzip stream is cut short"
        case .trailingBytes: "bytes follow the end of the gzip stream"
        case .tooLarge(let limit): "the gzip stream unpacks to more than \(limit) bytes"
        }
    }
}
