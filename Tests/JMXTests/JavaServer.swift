import Foundation
import Synchronization
import TestSupport

private let foldersToRemove = Mutex<[URL]>([])

/// The servers are shared by all tests, so that only the end of the process ends their use.
private func removeAtExit(_ folder: URL) {
    let isFirst = foldersToRemove.withLock { folders in
        folders.append(folder)
        return folders.count == 1
    }
    if isFirst {
        atexit {
            for folder in foldersToRemove.withLock({ $0 }) { try? FileManager.default.removeItem(at: folder) }
        }
    }
}

/// A JVM with `JMXServer.java` in it, served by the JVM's own JMX agent. It ends with this process at the latest.
final class JavaServer: Sendable {
    enum Variant {
        case open
        /// Users `admin` (may do all) and `viewer` (may read), whose passwords are `secret`; everything on one port.
        case password
        case tls
        /// The JVM's default: objects demand TLS, the registry does not.
        case tlsWithPlainRegistry
    }

    static let java = ProcessInfo.processInfo.environment["PATH", default: ""].split(separator: ":").map { "\($0)/java" }
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    // Each is started once, when first needed.
    static let open = Result { try JavaServer(.open) }
    static let password = Result { try JavaServer(.password) }
    static let tls = Result { try JavaServer(.tls) }
    static let tlsWithPlainRegistry = Result { try JavaServer(.tlsWithPlainRegistry) }

    let port: Int
    let folder: URL
    /// PEM file to trust, of the variants with TLS.
    let authority: String
    private let input: Pipe
    private let pid: Int32

    private init(_ variant: Variant) throws {
        port = ScriptedServer.unusedPort()
        folder = FileManager.default.temporaryDirectory.appending(path: "aeneas-jmx-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        removeAtExit(folder)
        authority = folder.appending(path: "ca.pem").path
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.java ?? "java")
        process.arguments =
            try Self.options(variant, port, folder) + [URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "JMXServer.java").path]
        input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        pid = process.processIdentifier
        let greeting = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard greeting.contains("ready") else { throw NotReady(output: greeting) }
    }

    struct NotReady: Error { let output: String }

    private static func options(_ variant: Variant, _ port: Int, _ folder: URL) throws -> [String] {
        let prefix = "-Dcom.sun.management.jmxremote"
        let basic = ["-Xmx128M", "-XX:TieredStopAtLevel=1", "-Djava.rmi.server.hostname=127.0.0.1", "\(prefix).host=127.0.0.1", "\(prefix).port=\(port)"]
        switch variant {
        case .open: return basic + ["\(prefix).authenticate=false", "\(prefix).ssl=false"]
        case .password:
            let passwords = folder.appending(path: "password").path
            try "admin secret\nviewer secret\n".write(toFile: passwords, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: passwords)
            let access = folder.appending(path: "access").path
            try "admin readwrite\nviewer readonly\n".write(toFile: access, atomically: true, encoding: .utf8)
            return basic + ["\(prefix).rmi.port=\(port)", "\(prefix).ssl=false", "\(prefix).password.file=\(passwords)", "\(prefix).access.file=\(access)"]
        case .tls, .tlsWithPlainRegistry:
            let certificates = try TestCertificates(in: folder, names: ["IP:127.0.0.1"])
            let store = folder.appending(path: "server.p12").path
            try TestCertificates.openssl([
                "pkcs12", "-export", "-in", certificates.certificate, "-inkey", certificates.key, "-out", store, "-passout", "pass:changeit",
            ])
            let tls = ["\(prefix).authenticate=false", "\(prefix).ssl=true", "-Djavax.net.ssl.keyStore=\(store)", "-Djavax.net.ssl.keyStorePassword=changeit"]
            return basic + tls + (variant == .tls ? ["\(prefix).registry.ssl=true", "\(prefix).rmi.port=\(port)"] : [])
        }
    }
}
