import CassandraNode
import Testing

struct CassandraConfigurationTests {
    private func parse(_ text: String, storage: String? = "/var/lib/cassandra", overrides: [String: String] = [:]) throws(NodeError) -> CassandraConfiguration {
        try CassandraConfiguration.parse(Array(text.utf8), path: "/etc/cassandra/cassandra.yaml", storageFolder: storage, overrides: overrides)
    }

    @Test("what is not given lies below the storage folder")
    func defaults() throws {
        let configuration = try parse("cluster_name: x\n# data_file_directories:\ndata_file_directories:\nsome_future_key: {a: [1]}\n")
        #expect(configuration.dataFolders == ["/var/lib/cassandra/data"])
        #expect(configuration.commitLog == "/var/lib/cassandra/commitlog")
        #expect(configuration.hints == "/var/lib/cassandra/hints")
        #expect(configuration.savedCaches == "/var/lib/cassandra/saved_caches")
        #expect(configuration.cdcRaw == "/var/lib/cassandra/cdc_raw")
        #expect(!configuration.cdcEnabled && !configuration.uuidSSTableIdentifiers)
        #expect(configuration.seeds == [])
        #expect(try parse("cluster_name: x", storage: nil).dataFolders == [])
    }

    @Test("everything given is read, the last of two equal keys counts as in Cassandra, and the local system folder comes last")
    func given() throws {
        let configuration = try parse(
            """
            data_file_directories: [/a, /b]
            local_system_data_file_directory: /local
            commitlog_directory: /log
            hints_directory: /hints
            hints_directory: /hints2
            cdc_raw_directory: /cdc
            cdc_enabled: true
            uuid_sstable_identifiers_enabled: true
            storage_compatibility_mode: NONE
            listen_address: 10.0.0.1
            """)
        #expect(configuration.allDataFolders == ["/a", "/b", "/local"])
        #expect(configuration.commitLog == "/log")
        #expect(configuration.hints == "/hints2")
        #expect(configuration.cdcRaw == "/cdc")
        #expect(configuration.listenAddress == "10.0.0.1")
        #expect(
            configuration.settings(release: "5.0.6") == [
                "cdc_enabled": "true", "uuid_sstable_identifiers_enabled": "true", "storage_compatibility_mode": "NONE",
            ])
        #expect(configuration.settings(release: "4.1.10") == ["cdc_enabled": "true", "uuid_sstable_identifiers_enabled": "true"])
        #expect(configuration.settings(release: "4.0.19") == ["cdc_enabled": "true"])
        #expect(try parse("a: 1").settings(release: "5.0.6")["storage_compatibility_mode"] == "CASSANDRA_4")
    }

    @Test("a value that the process was started with goes before the file's")
    func overridden() throws {
        let configuration = try parse("cdc_enabled: false\nhints_directory: /a", overrides: ["cdc_enabled": "true", "hints_directory": "/b"])
        #expect(configuration.cdcEnabled)
        #expect(configuration.hints == "/b")
    }

    @Test(
        "seeds lose their ports, addresses of IPv6 keep their colons",
        arguments: [
            "seed_provider:\n  - class_name: S\n    parameters:\n      - seeds: \"10.0.0.1:7000, 10.0.0.2,[::1]:7000,fe80::2,node.example:7001\"\n",
            "seed_provider: {class_name: S, parameters: {seeds: '10.0.0.1:7000,10.0.0.2:7000,[::1],fe80::2,node.example'}}",
        ])
    func seeds(text: String) throws {
        #expect(try parse(text).seeds == ["10.0.0.1", "10.0.0.2", "::1", "fe80::2", "node.example"])
    }

    @Test("an error names the file and the line")
    func errors() {
        let path = "/etc/cassandra/cassandra.yaml"
        #expect(throws: NodeError.configurationUnreadable(path: path, line: 2, reason: "'commitlog_directory' is not a text")) {
            try parse("a: 1\ncommitlog_directory: [x]")
        }
        #expect(throws: NodeError.configurationUnreadable(path: path, line: 3, reason: "'cdc_enabled' is not true or false")) {
            try parse("a: 1\n\ncdc_enabled: perhaps")
        }
        #expect(throws: NodeError.configurationUnreadable(path: path, line: 1, reason: "it is not a list of settings")) { try parse("just words") }
        #expect { try parse("a: 1\nb: [") } throws: { error in
            guard case .configurationUnreadable(path, let line?, _)? = error as? NodeError else { return false }
            return line >= 2
        }
        #expect { try CassandraConfiguration.read("/nowhere/cassandra.yaml", storageFolder: nil) } throws: { error in
            error as? NodeError == .configurationUnreadable(path: "/nowhere/cassandra.yaml", line: nil, reason: "no such file or directory")
        }
    }
}
