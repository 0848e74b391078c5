package struct HTTPField: Hashable, Sendable {
    package var name: String
    package var value: String
    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

package enum HTTPBody {
    /// Neither a body nor a `Content-Length`.
    case none
    case bytes([UInt8])
    /// Without a size it is sent in chunks.
    case stream(size: Int?, HTTPBodyStream)
}

package struct HTTPBodyStream {
    /// Fills the buffer from its start; returns how many bytes, 0 only at the end.
    package var read: (UnsafeMutableRawBufferPointer) throws -> Int
    /// Begins again at the first byte: needed when a kept connection turns out to be dead. nil where that cannot be done.
    package var rewind: (() throws -> Void)?

    package init(read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int, rewind: (() throws -> Void)? = nil) {
        self.read = read
        self.rewind = rewind
    }
}

package struct HTTPRequest {
    package var method: String
    package var url: String
    package var fields: [HTTPField]
    package var body: HTTPBody

    package init(_ method: String, _ url: String, fields: [HTTPField] = [], body: HTTPBody = .none) {
        self.method = method
        self.url = url
        self.fields = fields
        self.body = body
    }
}

package struct HTTPHead: Sendable {
    package var status: Int
    /// Of the protocol, as in the status line: `1.1`, `2`.
    package var version = ""
    /// Names in lower case, in the answer's order; trailers last.
    package var fields: [HTTPField]

    /// The first of that name, which is given in lower case.
    package func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
}

package struct HTTPResponse: Sendable {
    package var head: HTTPHead
    package var body: [UInt8]

    package var status: Int { head.status }
    package func field(_ name: String) -> String? { head.field(name) }
}
