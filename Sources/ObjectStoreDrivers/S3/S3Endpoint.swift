import BackupModel
import HTTPClient
import ObjectStore

/// Where a bucket's objects are on the wire.
struct S3Endpoint {
    let isEncrypted: Bool
    /// As the `Host` field has it: with a port only where it is not the scheme's own.
    let host: String
    private let scheme: String
    private let bucketPath: String
    private let keyPrefix: String

    init(_ access: S3Access) throws(StoreError) {
        let place = StoreAccess.s3(access).description
        let parts = access.endpoint.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3, ["http:", "https:"].contains(parts[0]), parts[1].isEmpty, !parts[2].isEmpty, !parts[2].contains(where: { "@?# ".contains($0) })
        else {
            throw .misconfigured("the endpoint must be http:// or https://, a host and perhaps a port, not '\(access.endpoint)'", place: place)
        }
        guard !access.bucket.isEmpty, !access.bucket.contains("/") else { throw .misconfigured("'\(access.bucket)' is not a bucket's name", place: place) }
        guard access.prefix.isEmpty || (try? ObjectKey(checking: access.prefix)) != nil else {
            throw .misconfigured("'\(access.prefix)' cannot be a prefix", place: place)
        }
        scheme = String(parts[0].dropLast())
        isEncrypted = scheme == "https"
        let defaultPort = isEncrypted ? ":443" : ":80"
        let server = parts[2].lowercased()
        let shortServer = server.hasSuffix(defaultPort) ? String(server.dropLast(defaultPort.count)) : server
        host = access.pathStyle ? shortServer : "\(access.bucket).\(shortServer)"
        let base = parts.count > 3 && !parts[3].isEmpty ? "/" + parts[3].split(separator: "/").joined(separator: "/") : ""
        bucketPath = base + (access.pathStyle ? "/" + percentEncoded(access.bucket) : "")
        keyPrefix = access.prefix.isEmpty ? "" : access.prefix + "/"
    }

    /// Encoded once, as the signature wants it: every byte but the unreserved and '/'.
    func path(_ key: ObjectKey?) -> String {
        guard let key else { return bucketPath.isEmpty ? "/" : bucketPath }
        return bucketPath + "/" + percentEncoded(wholeKey(key.text), keeping: "/")
    }

    func url(path: String, query: String) -> String { "\(scheme)://\(host)\(path)\(query.isEmpty ? "" : "?" + query)" }

    func wholeKey(_ text: String) -> String { keyPrefix + text }

    /// The part below the store's prefix; nil for a key outside it.
    func ownPart(_ wholeKey: String) -> String? {
        wholeKey.utf8.starts(with: keyPrefix.utf8) ? String(decoding: wholeKey.utf8.dropFirst(keyPrefix.utf8.count), as: UTF8.self) : nil
    }
}
