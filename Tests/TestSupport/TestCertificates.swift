package import Foundation

/// An authority and one server certificate, made by the `openssl` command in a folder of their own.
package struct TestCertificates: Sendable {
    package let folder: URL

    package var authority: String { folder.appending(path: "ca.pem").path }
    package var certificate: String { folder.appending(path: "server.pem").path }
    package var key: String { folder.appending(path: "server.key").path }

    /// - Parameter names: Subject alternative names, such as `IP:127.0.0.1` and `DNS:node`.
    package init(in folder: URL, names: [String]) throws {
        self.folder = folder
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        try Self.openssl(["req", "-x509"] + newKey + ["-subj", "/CN=test authority", "-keyout", folder.appending(path: "ca.key").path, "-out", authority])
        try Self.openssl(
            ["req", "-x509", "-CA", authority, "-CAkey", folder.appending(path: "ca.key").path] + newKey
                + ["-subj", "/CN=server", "-addext", "subjectAltName=\(names.joined(separator: ","))", "-addext", "basicConstraints=critical,CA:FALSE"]
                + ["-keyout", key, "-out", certificate])
    }

    package static func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(arguments: arguments) }
    }

    package struct Failed: Error { let arguments: [String] }
}
