/// Why a request's target was refused; answered with 400 before any handler sees it.
package enum HTTPTargetError: Error, Equatable {
    case notAPath
    case badEscape
    case dotSegment
}

/// A request line's target in origin form (or absolute form, whose authority is dropped).
struct RequestTarget {
    let path: String
    let segments: [String]
    let query: [HTTPField]

    init(_ raw: String) throws(HTTPTargetError) {
        var target = raw[...]
        for scheme in ["http://", "https://"] where target.lowercased().hasPrefix(scheme) {
            let authority = target.dropFirst(scheme.count)
            target = authority.firstIndex(of: "/").map { authority[$0...] } ?? "/"
        }
        guard target.hasPrefix("/") else { throw .notAPath }
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(halves[0])
        var segments: [String] = []
        for part in halves[0].dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            let segment = try Self.decoded(part)
            guard segment != ".", segment != ".." else { throw .dotSegment }
            segments.append(segment)
        }
        self.segments = segments
        var query: [HTTPField] = []
        for item in halves.count > 1 ? halves[1].split(separator: "&") : [] {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query.append(HTTPField(try Self.decoded(pair[0], plusIsSpace: true), pair.count > 1 ? try Self.decoded(pair[1], plusIsSpace: true) : ""))
        }
        self.query = query
    }

    private static func decoded(_ text: Substring, plusIsSpace: Bool = false) throws(HTTPTargetError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst().flatMap(hexValue), let low = rest.popFirst().flatMap(hexValue) else { throw .badEscape }
                bytes.append(high << 4 | low)
            } else {
                bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        guard !bytes.contains(0), let string = String(validating: bytes, as: UTF8.self) else { throw .badEscape }
        return string
    }

    private static func hexValue(_ digit: UInt8) -> UInt8? {
        Character(Unicode.Scalar(digit)).hexDigitValue.map { UInt8($0) }
    }
}
