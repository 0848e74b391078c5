/// A request with all of its body. Everything in it was chosen by the client, `peer` excepted.
package struct HTTPRequest: Sendable {
    package var method: String
    /// As sent, percent-encoding and all, without the query.
    package var path: String
    /// Between the path's slashes, percent-decoded after the split: a segment may hold a slash of its own, but is never `.` or `..`, has no NUL and is valid
    /// UTF-8. `/` has one empty segment.
    package var segments: [String]
    package var query: [HTTPField]
    package var headers: HTTPHeaders
    package var body: [UInt8]
    package var peer: HTTPPeer

    package init(method: String, target: String, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = [], peer: HTTPPeer) throws(HTTPTargetError) {
        let parsed = try RequestTarget(target)
        self.method = method
        path = parsed.path
        segments = parsed.segments
        query = parsed.query
        self.headers = headers
        self.body = body
        self.peer = peer
    }

    /// The first value of query item `name`.
    package func query(_ name: String) -> String? { query.first { $0.name == name }?.value }
}

package enum HTTPPeer: Sendable, Equatable {
    /// Over a Unix socket: who connected, as the kernel says.
    case unix(userID: UInt32, groupID: UInt32, processID: Int32)
    /// The address in numbers, without the port.
    case tcp(address: String)
    case unknown
}

package struct HTTPField: Sendable, Equatable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// Fields in order, found without regard to case.
package struct HTTPHeaders: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    package private(set) var fields: [HTTPField] = []

    package init() {}

    package init(dictionaryLiteral elements: (String, String)...) { fields = elements.map { HTTPField($0, $1) } }

    package mutating func add(_ name: String, _ value: String) { fields.append(HTTPField(name, value)) }

    package func all(_ name: String) -> [String] {
        let wanted = name.lowercased()
        return fields.filter { $0.name.lowercased() == wanted }.map(\.value)
    }

    /// The first value; setting replaces all.
    package subscript(_ name: String) -> String? {
        get { all(name).first }
        set {
            let wanted = name.lowercased()
            fields.removeAll { $0.name.lowercased() == wanted }
            if let newValue { add(name, newValue) }
        }
    }
}
