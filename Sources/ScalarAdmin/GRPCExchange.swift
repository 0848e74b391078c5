import HTTPClient

// A unary call of gRPC is one POST over HTTP/2: the body is one frame (a byte that says whether it is compressed, four bytes of length, the message); the
// outcome is in the trailers `grpc-status` and `grpc-message`, or in the headers when there is no message at all. libcurl hands over headers and trailers
// alike.

enum GRPCExchange {
    /// - Parameter timeoutSeconds: What the server is told; a little more than the caller's own, so that the caller's own comes first.
    static func request(_ url: String, authority: String?, message: [UInt8], timeoutSeconds: Int) -> HTTPRequest {
        var fields = [
            HTTPField("content-type", "application/grpc"), HTTPField("te", "trailers"), HTTPField("grpc-timeout", "\((timeoutSeconds + 1) * 1000)m"),
            HTTPField("grpc-accept-encoding", "identity"), HTTPField("user-agent", "aeneas"),
        ]
        if let authority { fields.append(HTTPField("host", authority)) }
        let length = UInt32(message.count)
        let frame = [0, UInt8(length >> 24), UInt8(length >> 16 & 255), UInt8(length >> 8 & 255), UInt8(length & 255)] + message
        return HTTPRequest("POST", url, fields: fields, body: once(frame))
    }

    /// A body that cannot be sent again: libcurl would repeat a call on another connection when a kept one breaks under it, and a Pause that was carried out
    /// would seem never to have been sent.
    private static func once(_ bytes: [UInt8]) -> HTTPBody {
        var rest = bytes[...]
        return .stream(
            size: bytes.count,
            HTTPBodyStream(read: { buffer in
                let piece = rest.prefix(buffer.count)
                buffer.copyBytes(from: piece)
                rest = rest.dropFirst(piece.count)
                return piece.count
            }))
    }

    /// - Returns: The message of an answer whose status is OK.
    static func message(of response: HTTPResponse) throws(ScalarAdminError) -> [UInt8] {
        guard response.head.version == "2" else {
            throw .broken("it speaks HTTP/\(printable(response.head.version)), not HTTP/2 (is it another service's port?)")
        }
        guard response.status == 200 else { throw .broken("HTTP status \(response.status)") }
        let type = response.field("content-type") ?? "none"
        guard type == "application/grpc" || type.hasPrefix("application/grpc+") || type.hasPrefix("application/grpc;") else {
            throw .broken("its content type is \(printable(type))")
        }
        try checkStatus(response)
        return try unframed(response)
    }

    private static func checkStatus(_ response: HTTPResponse) throws(ScalarAdminError) {
        let values = response.head.fields.filter { $0.name == "grpc-status" }.map(\.value)
        guard let text = values.first else { throw .broken("it has no grpc-status") }
        guard values.count == 1, let number = Int(text), number >= 0, text.utf8.allSatisfy({ (48...57).contains($0) }) else {
            throw .broken("its grpc-status is \(printable(values.joined(separator: ", ")))")
        }
        guard number != 0 else { return }
        // The message is for people, and a wrong escape in it is no reason to lose it.
        let message = response.field("grpc-message") ?? ""
        throw .status(GRPCStatus(number), message: printable(percentDecoded(message) ?? message))
    }

    private static func unframed(_ response: HTTPResponse) throws(ScalarAdminError) -> [UInt8] {
        let bytes = response.body
        guard !bytes.isEmpty else { throw .broken("status OK without a message") }
        guard bytes.count >= 5 else { throw .broken("its message is cut off") }
        guard bytes[0] == 0 else {
            throw .broken("its message is compressed (\(printable(response.field("grpc-encoding") ?? "unknown"))), which was not offered")
        }
        let length = bytes[1..<5].reduce(0) { $0 << 8 | Int($1) }
        guard length <= bytes.count - 5 else { throw .broken("its message is cut off") }
        guard length == bytes.count - 5 else { throw .broken("it has more than one message") }
        return Array(bytes[5...])
    }
}

/// A peer's text as one line that is safe for a terminal and a log, at most 300 characters.
func printable(_ text: String) -> String {
    var out = "", count = 0
    for scalar in text.unicodeScalars {
        if count == 300 { return out + "…" }
        let category = scalar.properties.generalCategory
        let isSafe = category != .control && category != .format && category != .lineSeparator && category != .paragraphSeparator
        out.unicodeScalars.append(isSafe ? scalar : " ")
        count += 1
    }
    return out
}
