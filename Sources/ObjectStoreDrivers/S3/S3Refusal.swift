import HTTPClient

/// Why one attempt was refused, in S3's words where there are any.
struct S3Refusal {
    let status: Int
    /// `SlowDown`, `NoSuchKey`; empty when the answer has no body, as after HEAD.
    let code: String
    let message: String
    let head: HTTPHead

    init(_ response: HTTPResponse) {
        let error = XMLElement(response.body).flatMap { $0.name == "Error" ? $0 : nil }
        self.init(status: response.status, code: error?.text(of: "Code") ?? "", message: error?.text(of: "Message") ?? "", head: response.head)
    }

    init(status: Int, code: String, message: String, head: HTTPHead) {
        self.status = status
        self.code = code
        self.message = message
        self.head = head
    }

    var detail: String { ([code.isEmpty ? "status \(status)" : "\(status) \(code)"] + (message.isEmpty ? [] : [message])).joined(separator: ": ") }

    var isWorthRetrying: Bool {
        [500, 502, 503, 504, 429].contains(status)
            || ["RequestTimeout", "SlowDown", "InternalError", "ServiceUnavailable", "OperationAborted", "ConditionalRequestConflict"].contains(code)
            || isDamage
    }

    /// The body that arrived is not the one that was signed or announced.
    var isDamage: Bool { ["XAmzContentSHA256Mismatch", "BadDigest", "IncompleteBody"].contains(code) }
}
