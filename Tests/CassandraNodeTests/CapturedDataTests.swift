import BackupModel
import CassandraNode
import Foundation
import Testing

/// Real nodes' data folders, where they lie beside the repository.
enum CapturedData {
    static let folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().appendingPathComponent("../../../../shared/fixtures/data").standardized.path
    static let releases = ["4.0.19", "4.1.10", "5.0.6", "5.0.6-latest"].filter { FileManager.default.fileExists(atPath: "\(folder)/\($0).tar.xz") }

    static func unpack(_ release: String, into folder: String) throws {
        _ = try run(["/usr/bin/env", "tar", "-xJf", "\(self.folder)/\(release).tar.xz", "-C", folder])
    }
}

/// What the program printed; it must succeed.
@discardableResult
func run(_ words: [String]) throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: words[0])
    process.arguments = Array(words.dropFirst())
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(words)")
    return String(decoding: data, as: UTF8.self)
}

func lines(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }

@Suite(.enabled(if: !CapturedData.releases.isEmpty, "no data captured from real nodes beside the repository"))
struct CapturedDataTests {
    /// Where the captured configuration says they are, below the folder into which all was unpacked.
    private func folders(in tree: SnapshotTree) throws -> [String] {
        try CassandraConfiguration.read(tree.root + "/conf/cassandra.yaml", storageFolder: nil).dataFolders.map {
            tree.root + "/" + ($0 as NSString).lastPathComponent
        }
    }

    @Test("a real snapshot is read whole: every file that find sees, with its size and inode, and every schema", arguments: CapturedData.releases)
    func whole(release: String) throws {
        let tree = SnapshotTree()
        try CapturedData.unpack(release, into: tree.root)
        let folders = try self.folders(in: tree)
        let tables = try SnapshotReader.tables(tag: SnapshotTag(unchecked: "aeneas_sample"), folders: folders, keyspaces: [])

        var found: Set<String> = []
        var metadata: [String] = []
        for line in lines(try run(["/usr/bin/env", "find"] + folders + ["-path", "*/snapshots/aeneas_sample/*", "-type", "f", "-printf", "%p %s %i\n"])) {
            if line.contains("/manifest.json ") || line.contains("/schema.cql ") { metadata.append(line) } else { found.insert(line) }
        }
        var read: Set<String> = []
        for sstable in tables.flatMap(\.sstables) {
            for file in sstable.files { read.insert("\(sstable.directory)/\(sstable.name)-\(file.component) \(file.size) \(file.inode)") }
        }
        #expect(read == found)
        #expect(found.count > 200)
        #expect(tables.count == metadata.filter { $0.contains("/manifest.json ") }.count)
        #expect(tables.filter { $0.schema != nil }.count == metadata.filter { $0.contains("/schema.cql ") }.count)
        #expect(tables.flatMap(\.sstables).contains { $0.index?.rawValue == ".orders_customer" })
        if folders.count > 1 { #expect(Set(tables.flatMap(\.sstables).map(\.folder)) == [0, 1]) }
        #expect(try SnapshotReader.tags(in: folders) == ["aeneas_sample", "operator_keep"])
    }

    @Test("each schema.cql names its own table and its gc_grace_seconds", arguments: CapturedData.releases)
    func schemas(release: String) throws {
        let tree = SnapshotTree()
        try CapturedData.unpack(release, into: tree.root)
        let folders = try self.folders(in: tree)
        var grace: [String: Int] = [:]
        for table in try SnapshotReader.tables(tag: SnapshotTag(unchecked: "aeneas_sample"), folders: folders, keyspaces: []) {
            guard let schema = table.schema else { continue }
            #expect(SchemaText.table(in: schema) == TablePath(keyspace: table.keyspace, table: table.name))
            grace["\(table.keyspace).\(table.name)"] = SchemaText.gcGraceSeconds(in: schema)
        }
        #expect(grace.count == 5)
        #expect(grace["shop.orders"] == 864_000)
        #expect(grace.values.sorted() == [3600, 864_000, 864_000, 864_000, 864_000])
    }

    @Test("one file taken out of a real snapshot is missed", arguments: CapturedData.releases)
    func damaged(release: String) throws {
        let tree = SnapshotTree()
        try CapturedData.unpack(release, into: tree.root)
        let folders = try self.folders(in: tree)
        let victim = try #require(
            lines(try run(["/usr/bin/env", "find"] + folders + ["-path", "*/snapshots/aeneas_sample/.orders_customer/*-Data.db"])).first)
        let stem = victim.dropLast("Data.db".count)
        for file in lines(try run(["/usr/bin/env", "find"] + folders + ["-path", stem + "*"])) { try FileManager.default.removeItem(atPath: file) }
        #expect { try SnapshotReader.tables(tag: SnapshotTag(unchecked: "aeneas_sample"), folders: folders, keyspaces: []) } throws: { error in
            guard case .snapshotUnsound(let path, let problem)? = error as? NodeError else { return false }
            return path.hasSuffix((victim as NSString).lastPathComponent) && problem.contains("not there")
        }
    }
}
