import Compression
import Crypto
import Foundation
import Testing

/// A change to lines of one kind in a manifest.
struct HostileManifest: Sendable, CustomStringConvertible {
    let line: String
    let field: String
    let value: String
    /// JSON in place of `value`, for what is no text.
    var raw: String?

    var description: String { "\(line).\(field) = \(value.debugDescription)" }

    static let changes = [
        HostileManifest(line: "table", field: "keyspace", value: "../../aeneas-canary"),
        HostileManifest(line: "table", field: "name", value: "a/../../../aeneas-canary"),
        HostileManifest(line: "table", field: "id", value: "0000000000000000000000000000000\n"),
        HostileManifest(line: "sstable", field: "name", value: "nb-1-big/../../../../aeneas-canary"),
        HostileManifest(line: "sstable", field: "index", value: "/../../aeneas-canary"), HostileManifest(line: "sstable", field: "component", value: "-rf"),
        HostileManifest(line: "sstable", field: "component", value: "Data.db\0/../../aeneas-canary"),
        HostileManifest(line: "sstable", field: "component", value: "it's $(touch aeneas-canary)\""),
        HostileManifest(line: "sstable", field: "identity", value: "../../../../aeneas-canary"),
        HostileManifest(line: "sstable", field: "size", value: "greatest", raw: "\(Int.max)"),
    ]

    /// - Returns: The line with the change, in its first place.
    func apply(to text: String) throws -> String {
        var object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        guard object["line"] as? String == line else { return text }
        let new: Any = try raw.map { try JSONSerialization.jsonObject(with: Data($0.utf8), options: .fragmentsAllowed) } ?? value
        switch field {
        case "component", "size":
            var files = try #require(object["files"] as? [[String: Any]])
            for at in files.indices where field == "size" || at == 0 { files[at][field] = new }
            object["files"] = files
        default: object[field] = new
        }
        return String(decoding: try JSONSerialization.data(withJSONObject: object, options: .withoutEscapingSlashes), as: UTF8.self)
    }
}

/// One node's manifest in a folder store, replaced as somebody would who can write there and in the catalogue: every digest is right.
struct StoredManifest {
    private let master: Master
    private let backup: String
    private let path: String
    private let host: String
    private let lines: [String]

    init(_ master: Master, backup: String, node: String) async throws {
        let shown = try #require(try await master.json("cluster", "show", "prod") as? [String: Any])
        let host = (shown["nodes"] as? [[String: Any]])?.first { $0["address"] as? String == node }?["hostID"] as? String
        (self.master, self.backup, self.host) = (master, backup, try #require(host))
        path = "\(master.store)/clusters/prod/backups/\(backup)/nodes/\(self.host).jsonl.gz"
        let packed = Array(try Data(contentsOf: URL(fileURLWithPath: path))), reader = GzipReader(limit: 1 << 28)
        var text: [UInt8] = []
        try packed.withUnsafeBytes { try reader.update($0) { text.append(contentsOf: $0) } }
        try reader.finish()
        lines = String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// With `change` in the first line that it fits, and nothing of any change before.
    func replace(_ change: HostileManifest) async throws {
        var lines = lines
        let at = try #require(lines.indices.first { try change.apply(to: lines[$0]) != lines[$0] })
        lines[at] = try change.apply(to: lines[at])
        let writer = GzipWriter(), bytes = writer.update(Array((lines.joined(separator: "\n") + "\n").utf8)) + writer.finish()
        try DamagedFile(path).overwrite(Data(bytes))
        try await replaceDigest(SHA256.hash(bytes).hex, size: bytes.count)
    }

    private func replaceDigest(_ digest: String, size: Int) async throws {
        let document = try DamagedFile("\(master.store)/clusters/prod/backups/\(backup)/backup.json")
        var description = try #require(try JSONSerialization.jsonObject(with: document.original) as? [String: Any])
        var nodes = try #require(description["nodes"] as? [[String: Any]])
        let at = try #require(nodes.firstIndex { $0["hostID"] as? String == host })
        var part = try #require(nodes[at]["part"] as? [String: Any])
        part["manifestSHA256"] = digest
        part["manifestSize"] = size
        nodes[at]["part"] = part
        description["nodes"] = nodes
        let bytes = try JSONSerialization.data(withJSONObject: description)
        try document.overwrite(bytes)
        let script = """
            import sqlite3, sys
            with sqlite3.connect(sys.argv[1], timeout=30) as catalogue:
                assert catalogue.execute("UPDATE backup SET description = ? WHERE id = ?", (open(sys.argv[3]).read(), sys.argv[2])).rowcount == 1
            """
        try requireDone(try await Subprocess.run("/usr/bin/python3", ["-c", script, master.folder + "/state/catalogue.sqlite", backup, document.path]))
    }
}
