import BackupModel
import Compression
import Crypto
import Foundation
@testable import ManifestCoding
import TestSupport
import Testing

/// Lines of a small manifest, sound until a test makes it otherwise.
struct SampleManifest {
    var node = ManifestNode(
        cluster: ClusterName(unchecked: "prod"), clusterID: ClusterID(unchecked: "6f1c0b46-6f6d-4c3c-9d1e-2f0f5b0a0001"), backup: BackupID(unchecked: "20261124T145501Z-1a2b3c"),
        hostID: HostID(unchecked: "00000000-0000-4000-8000-000000000001"), address: "10.0.0.1", datacenter: "dc1", rack: "r1", tokens: ["-1", "1"], release: "5.0.6", dataFolders: ["/d1", "/d2"],
        snapshotStarted: Timestamp("2026-11-24T14:55:02Z")!, snapshotEnded: Timestamp("2026-11-24T14:55:02.040Z")!)
    var table = ManifestTable(keyspace: KeyspaceName(unchecked: "shop"), name: TableName(unchecked: "orders"), id: TableID(unchecked: String(repeating: "b", count: 32)), schema: "CREATE TABLE shop.orders (id int PRIMARY KEY);\n")
    var sstable = ManifestSSTable(
        name: SSTableName(unchecked: "nb-1-big"), folder: 1, index: nil, identity: hash("c"), components: hash("d"), componentsSize: 2048,
        files: [
            ManifestFile(component: .data, size: 100, sha256: hash("e"), inode: 18_446_744_073_709_551_615, modified: 1_795_532_100_123_456_789),
            ManifestFile(component: ComponentName(unchecked: "SAI+aa+events_kind+Meta.db"), size: 0, sha256: hash("f"), inode: 2, modified: -1)
        ], damagedAtSource: SourceDamage(expected: "1", found: "2"))
    var end = ManifestEnd(tables: 1, sstables: 1, files: 2, bytes: 100, damaged: 1)

    static func hash(_ digit: Character) -> SHA256Hex { SHA256Hex(unchecked: String(repeating: digit, count: 64)) }
    var lines: [ManifestLine] { [.node(node), .table(table), .sstable(sstable), .end(end)] }
}

@Suite struct ManifestCheckTests {
    private func fault(_ lines: [ManifestLine]) -> ManifestError? {
        caught(ManifestError.self) {
            var check = ManifestCheck()
            for line in lines { try check.read(line) }
            _ = try check.finish()
        }
    }

    private func fault(_ change: (inout SampleManifest) -> Void) -> ManifestError? {
        var sample = SampleManifest()
        change(&sample)
        return fault(sample.lines)
    }

    @Test("a sound manifest passes, with its node and counts")
    func sound() throws {
        var check = ManifestCheck()
        for line in SampleManifest().lines { try check.read(line) }
        let (node, end) = try check.finish()
        #expect(node == SampleManifest().node && end == SampleManifest().end)
    }

    @Test("lines out of order are refused")
    func order() {
        let lines = SampleManifest().lines
        #expect(fault([lines[0], lines[0]]) == .outOfOrder("a second 'node'"))
        #expect(fault([lines[1]]) == .outOfOrder("'table' before 'node'"))
        #expect(fault([lines[0], lines[2]]) == .outOfOrder("'sstable' before 'table'"))
        #expect(fault([lines[2]]) == .outOfOrder("'sstable' before 'table'"))
        #expect(fault([lines[3]]) == .outOfOrder("'end' before 'node'"))
        #expect(fault(lines + [lines[1]]) == .outOfOrder("a line after 'end'"))
    }

    @Test("a manifest without its end is cut short")
    func cutShort() {
        let lines = SampleManifest().lines
        for count in 0..<lines.count { #expect(fault(Array(lines[..<count])) == .cutShort) }
    }

    @Test("a newer format is refused, and its code says so")
    func newer() {
        let error = fault { $0.node.format = ManifestNode.format + 1 }
        #expect(error == .newerFormat(2) && error?.failure.code == "manifest.newer-format")
    }

    @Test("what contradicts itself is refused")
    func unsound() {
        func isUnsound(_ change: (inout SampleManifest) -> Void) -> Bool { if case .unsound? = fault(change) { true } else { false } }
        #expect(isUnsound { $0.node.dataFolders = [] })
        #expect(isUnsound { $0.sstable.folder = 2 })
        #expect(isUnsound { $0.sstable.folder = -1 })
        #expect(isUnsound { $0.sstable.files.removeFirst() })
        #expect(isUnsound { $0.sstable.componentsSize = -1 })
        #expect(isUnsound { $0.sstable.files[1].size = -1 })
        #expect(isUnsound { $0.sstable.files.append($0.sstable.files[1]) })
        #expect(isUnsound { $0.end.tables = 2 })
        #expect(isUnsound { $0.end.sstables = 0 })
        #expect(isUnsound { $0.end.files = 1 })
        #expect(isUnsound { $0.end.bytes = 99 })
        #expect(isUnsound { $0.end.damaged = 0 })
    }
}

@Suite struct ManifestStreamReaderTests {
    private static var text: [UInt8] { SampleManifest().lines.flatMap { JSONText.encode($0) + [10] } }

    private func packed(_ text: [UInt8]) -> [UInt8] {
        let gzip = GzipWriter()
        return gzip.update(text) + gzip.finish()
    }

    private func read(_ object: [UInt8], piece: Int = .max, sha256: String? = nil) throws -> (lines: [ManifestLine], counts: ManifestEnd) {
        var lines: [ManifestLine] = []
        let reader = ManifestStreamReader { lines.append($0) }
        var rest = object[...]
        while !rest.isEmpty {
            try Array(rest.prefix(piece)).withUnsafeBytes { try reader.update($0) }
            rest = rest.dropFirst(min(piece, rest.count))
        }
        return (lines, try reader.finish(expected: SHA256Hex(unchecked: sha256 ?? SHA256.hash(object).hex)).counts)
    }

    @Test("a manifest is read the same however its bytes arrive", arguments: [1, 2, 3, 7, 1000])
    func pieces(_ size: Int) throws {
        let (lines, counts) = try read(packed(Self.text), piece: size)
        #expect(lines == SampleManifest().lines && counts == SampleManifest().end)
    }

    @Test("another digest is refused with both")
    func digest() {
        let other = String(repeating: "0", count: 64), object = packed(Self.text)
        #expect(caught(ManifestDigestMismatch.self) { try read(object, sha256: other) } == ManifestDigestMismatch(expected: other, found: SHA256.hash(object).hex))
    }

    @Test("an object that was cut anywhere is refused even under its own digest")
    func cut() {
        let object = packed(Self.text)
        for count in 0..<object.count { #expect(throws: (any Error).self) { try read(Array(object[..<count])) } }
    }

    @Test("a last line without its line end is cut short")
    func noLineEnd() { #expect(caught(ManifestError.self) { try read(packed(Self.text.dropLast())) } == .cutShort) }

    @Test("a line that is no JSON is named by its number")
    func badLine() {
        let error = caught(ManifestError.self) { try read(packed(JSONText.encode(SampleManifest().lines[0]) + [10] + Array("{oops\n".utf8))) }
        guard case .unreadable(line: 2, _)? = error else { return #expect(Bool(false), "\(String(describing: error))") }
    }

    @Test("a hostile name in a line is refused by its kind", arguments: ["../../etc", "a\\u0000b", "-rf", "a/b", "a\\nb"])
    func hostileName(_ name: String) {
        let line = String(decoding: JSONText.encode(SampleManifest().lines[1]), as: UTF8.self).replacingOccurrences(of: #""keyspace":"shop""#, with: #""keyspace":"\#(name)""#)
        let error = caught(ManifestError.self) { try read(packed(JSONText.encode(SampleManifest().lines[0]) + [10] + Array(line.utf8) + [10])) }
        #expect(error?.description.contains("line 2") == true && error?.description.contains("keyspace name") == true)
    }
}

@Suite struct FixturesV1Tests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/v1")

    private func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: Self.folder.appendingPathComponent(name))) }

    @Test("a manifest of format 1 is read by this version")
    func manifest() throws {
        var check = ManifestCheck(), lines: [ManifestLine] = []
        for line in try bytes("manifest.jsonl").split(separator: 10) {
            lines.append(try JSONText.decode(ManifestLine.self, from: line))
            try check.read(lines.last!)
        }
        #expect(try check.finish().node.format == 1)
        #expect(lines == SampleManifest().lines)
    }

    @Test("a backup.json of format 1 is read by this version")
    func description() throws {
        let backup = try JSONText.decode(BackupDescription.self, from: bytes("backup.json"))
        #expect(backup.format == 1 && backup.complete && backup.consistency == .perNode && backup.kind == .cluster && backup.nodes.count == 2)
        #expect(backup.nodes[0].part?.counts == SampleManifest().end && backup.nodes[0].clockOffsetMilliseconds == -12 && backup.nodes[1].part?.damaged.count == 1)
        #expect(backup.keyspaces["shop"] == ["class": "NetworkTopologyStrategy", "dc1": "3"] && backup.gcGraceSeconds == ["shop.orders": 864_000])
        #expect(backup.started == Timestamp("2026-11-24T14:55:01.250Z") && backup.onlyKeyspaces.isEmpty)
    }

    @Test("this version writes the documents of format 1 as they were written")
    func unchanged() throws {
        let lines: [UInt8] = SampleManifest().lines.flatMap { JSONText.encode($0) + [10] }
        let kept = try bytes("manifest.jsonl")
        #expect(String(decoding: lines, as: UTF8.self) == String(decoding: kept, as: UTF8.self))
        let text = try bytes("backup.json"), backup = try JSONText.decode(BackupDescription.self, from: text)
        #expect(String(decoding: JSONText.encodeDocument(backup), as: UTF8.self) == String(decoding: text, as: UTF8.self))
    }
}
