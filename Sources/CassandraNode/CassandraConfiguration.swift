import YAML

/// What we need of a `cassandra.yaml`; every other key is passed by.
package struct CassandraConfiguration: Hashable, Sendable {
    package var path: String
    /// `data_file_directories`.
    package var dataFolders: [String]
    package var localSystemDataFolder: String?
    package var commitLog: String?
    package var hints: String?
    package var savedCaches: String?
    package var cdcRaw: String?
    package var cdcEnabled: Bool
    package var uuidSSTableIdentifiers: Bool
    /// As written; nil when it is not, which releases read differently.
    package var storageCompatibilityMode: String?
    /// Without ports.
    package var seeds: [String]
    package var listenAddress: String?

    /// - Parameters:
    ///   - storageFolder: Where folders that are not given lie (`-Dcassandra.storagedir`): `data`, `commitlog` and so on below it.
    ///     Without it those are nil, and none for data.
    ///   - overrides: Values by key that the process was given beside the file (`-Dcassandra.settings.KEY=VALUE`).
    /// - Throws: `.configurationUnreadable`.
    package static func read(_ path: String, storageFolder: String?, overrides: [String: String] = [:]) throws(NodeError) -> CassandraConfiguration {
        do throws(NodeError) {
            return try parse(try readFile(path, limit: 16 << 20), path: path, storageFolder: storageFolder, overrides: overrides)
        } catch .folderUnreadable(_, let reason) {
            throw .configurationUnreadable(path: path, line: nil, reason: reason)
        }
    }

    package static func parse(
        _ bytes: [UInt8], path: String, storageFolder: String?, overrides: [String: String] = [:]
    ) throws(NodeError)
        -> CassandraConfiguration
    {
        let settings = try Settings(bytes, path: path, overrides: overrides)
        func folder(_ key: String, _ name: String) throws(NodeError) -> String? {
            if let path = try settings.text(key) { return path }
            return storageFolder.map { "\($0)/\(name)" }
        }
        return CassandraConfiguration(
            path: path,
            dataFolders: try settings.texts("data_file_directories") ?? storageFolder.map { ["\($0)/data"] } ?? [],
            localSystemDataFolder: try settings.text("local_system_data_file_directory"),
            commitLog: try folder("commitlog_directory", "commitlog"),
            hints: try folder("hints_directory", "hints"),
            savedCaches: try folder("saved_caches_directory", "saved_caches"),
            cdcRaw: try folder("cdc_raw_directory", "cdc_raw"),
            cdcEnabled: try settings.flag("cdc_enabled") ?? false,
            uuidSSTableIdentifiers: try settings.flag("uuid_sstable_identifiers_enabled") ?? false,
            storageCompatibilityMode: try settings.text("storage_compatibility_mode"),
            seeds: try settings.seeds().map(EndpointText.address),
            listenAddress: try settings.text("listen_address")
        )
    }

    /// In the order of `NodeFolders.data`.
    package var allDataFolders: [String] { dataFolders + (localSystemDataFolder.map { [$0] } ?? []) }

    /// What a restore must match, with the defaults that `release` has. Without a value where the release does not know the key.
    package func settings(release: String) -> [String: String] {
        var settings = ["cdc_enabled": "\(cdcEnabled)"]
        let parts = release.split(separator: ".").map { Int($0) ?? 0 }
        let major = parts.first ?? 0
        let minor = parts.dropFirst().first ?? 0
        if (major, minor) >= (4, 1) { settings["uuid_sstable_identifiers_enabled"] = "\(uuidSSTableIdentifiers)" }
        if major >= 5 { settings["storage_compatibility_mode"] = storageCompatibilityMode ?? (major == 5 ? "CASSANDRA_4" : nil) }
        return settings
    }
}

/// The file's keys, looked up with the process's overrides before them.
private struct Settings {
    let path: String
    let pairs: [YAMLPair]
    let overrides: [String: String]

    init(_ bytes: [UInt8], path: String, overrides: [String: String]) throws(NodeError) {
        self.path = path
        self.overrides = overrides
        do {
            guard let pairs = try YAML.parse(bytes, duplicateKeys: .lastWins).pairs else {
                throw NodeError.configurationUnreadable(path: path, line: 1, reason: "it is not a list of settings")
            }
            self.pairs = pairs
        } catch let error as YAMLError {
            throw .configurationUnreadable(path: path, line: error.line > 0 ? error.line : nil, reason: error.problem.description)
        } catch let error as NodeError {
            throw error
        } catch {
            throw .configurationUnreadable(path: path, line: nil, reason: "\(error)")
        }
    }

    private func pair(_ key: String) -> YAMLPair? {
        if let value = overrides[key] { return YAMLPair(key, .scalar(value, quoted: false)) }
        return pairs.first { $0.key == key && !$0.value.isNull }
    }

    private func mismatch(_ pair: YAMLPair, _ expected: String) -> NodeError {
        .configurationUnreadable(path: path, line: pair.line > 0 ? pair.line : nil, reason: "'\(pair.key)' is not \(expected)")
    }

    func text(_ key: String) throws(NodeError) -> String? {
        guard let pair = pair(key) else { return nil }
        guard let text = pair.value.string else { throw mismatch(pair, "a text") }
        return text
    }

    func flag(_ key: String) throws(NodeError) -> Bool? {
        guard let pair = pair(key) else { return nil }
        guard let flag = pair.value.bool ?? pair.value.string.flatMap({ Bool($0.lowercased()) }) else { throw mismatch(pair, "true or false") }
        return flag
    }

    func texts(_ key: String) throws(NodeError) -> [String]? {
        guard let pair = pair(key) else { return nil }
        if let text = pair.value.string { return text.split(separator: ",").map { String($0.drop { $0 == " " }) } }
        guard let texts = pair.value.strings else { throw mismatch(pair, "a list of texts") }
        return texts
    }

    /// `seed_provider`: a list of one provider, or (5.0) the provider itself; its `parameters` the same.
    func seeds() throws(NodeError) -> [String] {
        guard let pair = pair("seed_provider") else { return [] }
        let provider = pair.value.elements?.first ?? pair.value
        guard let parameters = provider["parameters"] else { return [] }
        guard let seeds = (parameters.elements?.first ?? parameters)["seeds"] else { return [] }
        if let list = seeds.strings, !seeds.isNull { return list }
        guard let text = seeds.string else { throw mismatch(pair, "a provider with 'seeds'") }
        return text.split(whereSeparator: { $0 == "," || $0 == " " }).map(String.init)
    }
}
