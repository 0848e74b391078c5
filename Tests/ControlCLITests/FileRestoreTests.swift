@testable import ControlCLI
import BackupModel
import ControlAPI
import Foundation
import HTTPServer
import Testing

private let dump = "COPY accounts FROM stdin;\n"
/// Of `dump`, by sha256sum.
private let dumpSHA256 = "75f8f4a493e321ee663d1e3f94811cbdc40460d9d879d92916da8a3ab7038c9d"

private func file(_ name: String, sha256: String = dumpSHA256, size: Int = dump.utf8.count) -> BackupFile {
    BackupFile(name: FileName(unchecked: name), size: size, sha256: SHA256Hex(unchecked: sha256), command: ["pg_dump"], started: start, ended: start)
}

private func master(_ files: [BackupFile], _ answer: HTTPResponse = HTTPResponse(status: 200, text: dump)) -> @Sendable (HTTPRequest, Int) -> HTTPResponse {
    { request, _ in request.path.contains("/files/") ? answer : json(backup(pause: window(), files: files)) }
}

@Suite struct FileRestoreTests {
    @Test("files are written for their owner alone, under their names only once their hashes have proven right")
    func whole() async throws {
        let folder = try TemporaryFolder()
        try await withMaster(master([file("pg"), file("other")])) { bench in
            let outcome = try await bench.run("restore", "start", "shop", "--backup", backupID.rawValue, "--only", "pg=\(folder.path)/a", "--only", "other=\(folder.path)/b")
            #expect(outcome.status == .done, "\(outcome.errors)")
            #expect(outcome.output.hasPrefix("'pg' of backup \(backupID) is in \(folder.path)/a: 26 B, SHA-256 \(dumpSHA256)\n"))
            #expect(try folder.files("") == ["a": dump, "b": dump])
            let mode = try FileManager.default.attributesOfItem(atPath: "\(folder.path)/a")[.posixPermissions] as? Int
            #expect(mode == 0o600)
            #expect(bench.requests == ["GET /v1/backups/\(backupID)", "GET /v1/backups/\(backupID)/files/pg", "GET /v1/backups/\(backupID)/files/other"])
        }
    }

    @Test("bytes that are not those of the backup, and an answer that breaks off, leave nothing behind")
    func damaged() async throws {
        let folder = try TemporaryFolder()
        for (answer, code) in [
            (HTTPResponse(status: 200, text: dump.uppercased()), "backup.object-changed"), (HTTPResponse(status: 200, text: ""), "backup.object-changed"), (broken, "control.unreachable"),
            (refusal(Failure("store.unavailable", "no store"), status: 503), "store.unavailable"),
        ] {
            try await withMaster(master([file("pg")], answer)) { bench in
                let outcome = try await bench.run("restore", "start", "shop", "--backup", backupID.rawValue, "--only", "pg=\(folder.path)/a")
                #expect(outcome.status == .failed)
                #expect(outcome.errors.contains("code: \(code)"), "\(outcome.errors)")
                #expect(try folder.files("").isEmpty)
            }
        }
    }

    @Test("a file that is there is replaced only by force, and nothing is fetched before that is known")
    func existing() async throws {
        let folder = try TemporaryFolder(), path = try folder.write("a", "mine")
        try await withMaster(master([file("pg")])) { bench in
            let refused = try await bench.run("restore", "start", "shop", "--backup", backupID.rawValue, "--only", "pg=\(path)")
            #expect(refused.errors == "error: '\(path)' exists, and is not replaced\nHINT: name another file, or add --force\ncode: control.file-exists\n")
            #expect(try folder.files("") == ["a": "mine"])
            #expect(!bench.requests.contains { $0.contains("/files/") })
            #expect(try await bench.run("restore", "start", "shop", "--backup", backupID.rawValue, "--only", "pg=\(path)", "--force").status == .done)
            #expect(try folder.files("") == ["a": dump])
        }
    }

    @Test("a name that the backup does not have, and a backup of another cluster, are refused with what there is")
    func unknown() async throws {
        try await withMaster(master([file("pg")])) { bench in
            let name = try await bench.run("restore", "start", "shop", "--backup", backupID.rawValue, "--only", "pgg=/nonexistent/a")
            #expect(name.errors == "error: backup \(backupID) has no file 'pgg'\nHINT: it has: pg\ncode: backup.no-such-file\n")
            let cluster = try await bench.run("restore", "start", "other", "--backup", backupID.rawValue, "--only", "pg=/nonexistent/a")
            #expect(cluster.errors.contains("code: restore.other-cluster"))
            let folder = try await bench.run("restore", "start", "shop", "--backup", backupID.rawValue, "--only", "pg=/nonexistent/a")
            #expect(folder.errors == "error: unable to write beside '/nonexistent/a': no such file or directory\nHINT: may you write there, and is there room?\ncode: control.unwritable\n")
        }
    }
}
