package import BackupModel

/// A place for backups.
package struct StoreRecord: Codable, Hashable, Sendable {
    package var name: StoreName
    /// From the store's own `aeneas.json`; nil until it was first reached.
    package var id: ClusterID?
    package var settings: StoreSettings
    package var createdAt: Timestamp

    package init(name: StoreName, id: ClusterID? = nil, settings: StoreSettings, createdAt: Timestamp) {
        self.name = name
        self.id = id
        self.settings = settings
        self.createdAt = createdAt
    }
}

/// How a store is reached, without its secrets: those stand in a file that only the master's user can read.
package enum StoreSettings: Codable, Hashable, Sendable {
    /// A folder that master and nodes all see at this absolute path.
    case folder(path: String)
    case s3(S3Settings)
}

/// As `S3Access`, with the place of the credentials instead of them.
package struct S3Settings: Codable, Hashable, Sendable {
    /// Scheme, host and port.
    package var endpoint: String
    package var region: String
    package var bucket: String
    /// Without '/' at its ends; empty for the bucket's root.
    package var prefix: String
    package var pathStyle: Bool
    /// On the master, in the format of `~/.aws/credentials`.
    package var credentialsFile: String
    /// The section of that file.
    package var profile: String
    /// On the master, PEM of the authorities to trust in place of the system's.
    package var caFile: String?

    package init(
        endpoint: String, region: String = "us-east-1", bucket: String, prefix: String = "", pathStyle: Bool = true, credentialsFile: String,
        profile: String = "default", caFile: String? = nil
    ) {
        self.endpoint = endpoint
        self.region = region
        self.bucket = bucket
        self.prefix = prefix
        self.pathStyle = pathStyle
        self.credentialsFile = credentialsFile
        self.profile = profile
        self.caFile = caFile
    }
}
