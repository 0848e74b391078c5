// swift-tools-version: 6.0
import PackageDescription

// No `dependencies:`: the toolchain and the distribution's own C libraries are all that is used (docs/decisions/0001-system-libraries.md).

/// A module map over one of the distribution's C libraries. Exactly one target imports each.
func system(_ name: String, pkgConfig: String? = nil, apt package: String) -> Target {
    .systemLibrary(name: name, path: "Sources/System/\(name)", pkgConfig: pkgConfig, providers: [.apt([package])])
}
func platform(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/Platform/\(name)")
}

let package = Package(
    name: "aeneas",
    products: [
        .executable(name: "aeneas", targets: ["aeneas"]),
        .executable(name: "aeneasd", targets: ["aeneasd"]),
        .executable(name: "aeneas-agent", targets: ["aeneas-agent"]),
    ],
    targets: [
        system("CLibssh", pkgConfig: "libssh", apt: "libssh-dev"),
        system("CSQLite", pkgConfig: "sqlite3", apt: "libsqlite3-dev"),
        system("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
        system("COpenSSL", pkgConfig: "openssl", apt: "libssl-dev"),
        system("CMicroHTTPD", pkgConfig: "libmicrohttpd", apt: "libmicrohttpd-dev"),
        system("CYAML", pkgConfig: "yaml-0.1", apt: "libyaml-dev"),
        system("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
        system("CDeflate", pkgConfig: "libdeflate", apt: "libdeflate-dev"),
        system("CResolv", apt: "libc6-dev"),

        platform("Threads"),
        platform("Logging"),
        platform("SQLite", ["CSQLite"]),
        platform("HTTPClient", ["CCurl"]),
        platform("HTTPServer", ["CMicroHTTPD", "Threads"]),
        platform("Crypto", ["COpenSSL"]),
        platform("Compression", ["CDeflate", "CZlib"]),
        platform("YAML", ["CYAML"]),
        platform("CommandParser"),
        platform("Resolver", ["CResolv"]),
        platform("Processes", ["Threads"]),

        .target(name: "BackupModel"),
        .target(name: "JMX", dependencies: ["Crypto"]),
        .target(name: "ControlAPI", dependencies: ["BackupModel"]),
        .target(name: "ObjectStore", dependencies: ["BackupModel"]),
        .target(name: "ObjectStoreDrivers", dependencies: ["BackupModel", "ObjectStore", "HTTPClient", "Crypto"]),
        .target(name: "ScalarAdmin", dependencies: ["BackupModel", "HTTPClient", "Resolver", "Processes", "Threads"]),
        .target(name: "ManifestCoding", dependencies: ["BackupModel", "Compression", "Crypto"]),
        .target(name: "CassandraNode", dependencies: ["BackupModel", "JMX", "YAML", "Crypto"]),
        .target(name: "AgentCore", dependencies: ["BackupModel", "ObjectStore", "CassandraNode", "ScalarAdmin", "Processes", "Crypto", "Compression", "Threads"]),
        .target(name: "NodeDispatch", dependencies: ["BackupModel"]),
        .target(name: "SSHDispatch", dependencies: ["BackupModel", "NodeDispatch", "CLibssh", "Threads"]),
        .target(name: "Catalog", dependencies: ["BackupModel", "SQLite"], resources: [.embedInCode("Migrations")]),
        .target(name: "Operations", dependencies: ["BackupModel", "Catalog", "NodeDispatch", "ObjectStore", "ManifestCoding", "ScalarAdmin", "Processes", "Crypto", "Threads", "Logging"]),
        .target(name: "ControlServer", dependencies: ["BackupModel", "Catalog", "ControlAPI", "Crypto", "NodeDispatch", "Operations", "HTTPServer", "Logging"]),
        .target(name: "MasterConfiguration", dependencies: ["CommandParser", "YAML"]),
        .target(name: "ControlCLI", dependencies: ["BackupModel", "ControlAPI", "HTTPClient", "CommandParser", "Processes", "Crypto", "Threads"]),

        .executableTarget(name: "aeneasd", dependencies: ["BackupModel", "Catalog", "ControlServer", "Operations", "SSHDispatch", "ObjectStoreDrivers", "HTTPServer", "MasterConfiguration", "ScalarAdmin", "Processes", "Crypto", "Threads", "Logging", "CommandParser"]),
        .executableTarget(name: "aeneas", dependencies: ["BackupModel", "ControlCLI"]),
        .executableTarget(name: "aeneas-agent", dependencies: ["AgentCore", "BackupModel", "CassandraNode", "ObjectStore", "ObjectStoreDrivers"]),

        .target(name: "TestSupport", dependencies: ["BackupModel", "NodeDispatch", "ObjectStore", "ObjectStoreDrivers", "ScalarAdmin", "Threads", "Compression", "Crypto"], path: "Tests/TestSupport"),
        .testTarget(name: "PlatformTests", dependencies: ["Threads", "Logging", "SQLite", "HTTPClient", "HTTPServer", "Crypto", "Compression", "YAML", "CommandParser", "Resolver", "Processes", "TestSupport"]),
        .testTarget(
            name: "BackupModelTests", dependencies: ["BackupModel", "ManifestCoding", "Compression", "Crypto", "TestSupport"], exclude: ["Fixtures"]),
        .testTarget(name: "MasterConfigurationTests", dependencies: ["CommandParser", "MasterConfiguration", "TestSupport"]),
        .testTarget(name: "ScalarAdminTests", dependencies: ["BackupModel", "ScalarAdmin", "Resolver", "TestSupport"]),
        .testTarget(name: "JMXTests", dependencies: ["JMX", "Crypto", "TestSupport"], exclude: ["JMXServer.java"]),
        .testTarget(name: "ObjectStoreTests", dependencies: ["BackupModel", "ObjectStore", "ObjectStoreDrivers", "HTTPClient", "TestSupport"]),
        .testTarget(name: "CassandraNodeTests", dependencies: ["BackupModel", "CassandraNode", "JMX", "TestSupport"]),
        .testTarget(name: "AgentCoreTests", dependencies: ["BackupModel", "AgentCore", "ObjectStore", "ObjectStoreDrivers", "CassandraNode", "Processes", "ScalarAdmin", "Compression", "Crypto", "TestSupport"]),
        .testTarget(name: "SSHDispatchTests", dependencies: ["BackupModel", "NodeDispatch", "SSHDispatch", "TestSupport"]),
        .testTarget(name: "CatalogTests", dependencies: ["BackupModel", "Catalog", "SQLite", "TestSupport"]),
        .testTarget(name: "OperationsTests", dependencies: ["BackupModel", "Catalog", "NodeDispatch", "ObjectStore", "ObjectStoreDrivers", "Operations", "SQLite", "ScalarAdmin", "Compression", "Crypto", "Logging", "Threads", "TestSupport"]),
        .testTarget(name: "ControlServerTests", dependencies: ["BackupModel", "ControlAPI", "ControlServer", "Operations", "Catalog", "HTTPServer", "HTTPClient", "ScalarAdmin", "Crypto", "Logging", "ObjectStoreDrivers", "Threads", "TestSupport"]),
        .testTarget(name: "ControlCLITests", dependencies: ["BackupModel", "ControlAPI", "ControlCLI", "HTTPServer", "Threads"]),
        .testTarget(name: "IntegrationTests", dependencies: ["BackupModel", "CassandraNode", "Compression", "Crypto", "JMX", "TestSupport"], exclude: ["rows.py"]),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets where ![.system, .binary, .plugin].contains(target.type) {
    target.swiftSettings = [
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("ExistentialAny"),
    ]
}
