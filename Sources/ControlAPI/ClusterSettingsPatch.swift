/// `PATCH /v1/clusters/{name}/settings`: a `ClusterSettingsBody` with only what changes, and `null` for what is removed.
///
/// Lists are replaced as a whole; of `nodes`, each that is named, and one with nothing in it no longer differs from its cluster.
package struct ClusterSettingsPatch: Codable, Hashable, Sendable {
    /// What can be absent, and so be removed.
    package enum Removable: String, CodingKey, CaseIterable, Codable, Sendable {
        case store, application, jmxCredentialsFile, jmxTLSCAFile, bytesPerSecond
    }

    package var changes: ClusterSettingsBody
    package var removed: Set<Removable>

    package init(changes: ClusterSettingsBody = ClusterSettingsBody(), removed: Set<Removable> = []) {
        self.changes = changes
        self.removed = removed
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Removable.self)
        changes = try ClusterSettingsBody(from: decoder)
        removed = Set(try Removable.allCases.filter { try values.contains($0) && values.decodeNil(forKey: $0) })
    }

    package func encode(to encoder: any Encoder) throws {
        try changes.encode(to: encoder)
        var values = encoder.container(keyedBy: Removable.self)
        for field in removed { try values.encodeNil(forKey: field) }
    }
}
