import BackupModel
import Crypto
import HTTPClient

/// AWS Signature Version 4 in the `Authorization` field.
struct S3Signer {
    static let unsignedPayload = "UNSIGNED-PAYLOAD"
    let accessKey: String
    let secretKey: String
    let sessionToken: String?
    let region: String

    /// - Parameters:
    ///   - path: Encoded already.
    ///   - query: As `canonicalQuery` gives it, and as it is sent.
    ///   - fields: Signed with the rest; names in lower case.
    ///   - payload: SHA-256 of the body in hexadecimal, or `unsignedPayload`.
    /// - Returns: `fields` and those of the signature, without `host`, which the client sets.
    func sign(_ method: String, host: String, path: String, query: String, fields: [HTTPField], payload: String, at time: Timestamp) -> [HTTPField] {
        let stamp = time.compact, day = String(stamp.prefix(8))
        var all = fields + [HTTPField("x-amz-content-sha256", payload), HTTPField("x-amz-date", stamp)]
        if let sessionToken { all.append(HTTPField("x-amz-security-token", sessionToken)) }
        let signed = (all + [HTTPField("host", host)]).sorted { $0.name < $1.name }
        let names = signed.map(\.name).joined(separator: ";")
        let canonical = [method, path, query, signed.map { "\($0.name):\($0.value)\n" }.joined(), names, payload].joined(separator: "\n")
        let scope = "\(day)/\(region)/s3/aws4_request"
        let text = ["AWS4-HMAC-SHA256", stamp, scope, SHA256.hash(canonical).hex].joined(separator: "\n")
        let signature = hexString(HMACSHA256.code(key: signingKey(day), message: Array(text.utf8)))
        all.append(HTTPField("authorization", "AWS4-HMAC-SHA256 Credential=\(accessKey)/\(scope),SignedHeaders=\(names),Signature=\(signature)"))
        return all
    }

    private func signingKey(_ day: String) -> [UInt8] {
        [day, region, "s3", "aws4_request"].reduce(Array("AWS4\(secretKey)".utf8)) { HMACSHA256.code(key: $0, message: Array($1.utf8)) }
    }

    /// Sorted and encoded, also a name without a value: `uploads=`.
    static func canonicalQuery(_ query: [(String, String)]) -> String {
        query.map { "\(percentEncoded($0.0))=\(percentEncoded($0.1))" }.sorted().joined(separator: "&")
    }
}
