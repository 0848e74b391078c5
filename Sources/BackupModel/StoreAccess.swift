/// How to reach a store, credentials included: travels to an agent over stdin and is kept in memory only. Prints without its secret.
package enum StoreAccess: Codable, Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// A folder that master and nodes all see at this absolute path.
    case folder(path: String)
    case s3(S3Access)

    /// For people: `s3://bucket/prefix` or the path.
    package var description: String {
        switch self {
        case .folder(let path): path
        case .s3(let access): "s3://\(access.bucket)\(access.prefix.isEmpty ? "" : "/" + access.prefix)"
        }
    }

    package var debugDescription: String { description }
}

package struct S3Access: Codable, Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// `https://s3.eu-central-1.amazonaws.com` or any server's: scheme, host and port.
    package var endpoint: String
    package var region: String
    package var bucket: String
    /// Without '/' at its ends; empty for the bucket's root.
    package var prefix: String
    /// Whether the bucket stands in the path (most servers that are not Amazon's) or before the host.
    package var pathStyle: Bool
    package var accessKey: String
    package var secretKey: String
    package var sessionToken: String?
    /// Certificates, in PEM, of the authorities to trust in place of the system's: their file is on the master alone.
    package var caPEM: String?

    package init(
        endpoint: String, region: String = "us-east-1", bucket: String, prefix: String = "", pathStyle: Bool = true, accessKey: String, secretKey: String, sessionToken: String? = nil,
        caPEM: String? = nil
    ) {
        self.endpoint = endpoint
        self.region = region
        self.bucket = bucket
        self.prefix = prefix
        self.pathStyle = pathStyle
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
        self.caPEM = caPEM
    }

    package var description: String { "s3://\(bucket)/\(prefix) at \(endpoint)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>(), displayStyle: .struct) }
}
