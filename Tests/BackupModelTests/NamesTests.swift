@testable import BackupModel
import TestSupport
import Testing

@Suite struct NamesTests {
    /// None of these is a name of any kind.
    static let hostile = [
        "", ".", "..", "../a", "a/../b", "a/b", "/etc/passwd", "a\0b", "a\nb", "a\r", "\ta", "-a", "--", "'", "\"", "a'b", "$(id)", "`id`", "a;b", "a b", " a", "a\\b", "a*", "~a",
        "\u{0430}bc", "a\u{200B}b", "a\u{202E}b", "ａbc", "a\u{0301}", "é", "a\u{7F}", "a\u{85}b", "💾"
    ]

    private func acceptors() -> [(String, (String) -> Bool)] {
        [
            ("ClusterName", ClusterName.accepts), ("StoreName", StoreName.accepts), ("ClusterID", ClusterID.accepts), ("HostID", HostID.accepts), ("BackupID", BackupID.accepts),
            ("RunID", RunID.accepts), ("JobID", JobID.accepts), ("RestoreID", RestoreID.accepts), ("SnapshotTag", SnapshotTag.accepts), ("KeyspaceName", KeyspaceName.accepts),
            ("TableName", TableName.accepts), ("TableID", TableID.accepts), ("IndexFolder", IndexFolder.accepts), ("HostAddress", HostAddress.accepts), ("SHA256Hex", SHA256Hex.accepts),
            ("SSTableName", SSTableName.accepts), ("ComponentName", ComponentName.accepts)
        ]
    }

    @Test("no kind of name takes a hostile text", arguments: hostile)
    func hostileRefused(_ text: String) {
        for (kind, accepts) in acceptors() { #expect(!accepts(text), "\(kind) takes \(quoted(text))") }
    }

    @Test("decoding checks a name as reading it does")
    func decodingChecks() {
        #expect((try? JSONText.decode([KeyspaceName].self, from: Array(#"["shop","Mixed_1"]"#.utf8)))?.count == 2)
        let error = caught(JSONTextError.self) { try JSONText.decode([KeyspaceName].self, from: Array(#"["shop","../x"]"#.utf8)) }
        #expect(error?.description.contains("keyspace name") == true)
    }

    @Test("names that Cassandra and people use are taken")
    func sound() {
        #expect(ClusterName.accepts("prod-eu_1") && !ClusterName.accepts("Prod") && !ClusterName.accepts("_prod"))
        #expect(ClusterName.accepts(String(repeating: "a", count: 63)) && !ClusterName.accepts(String(repeating: "a", count: 64)))
        #expect(KeyspaceName.accepts("MixedCase_9") && KeyspaceName.accepts("_x"))
        #expect(IndexFolder.accepts(".orders_customer") && !IndexFolder.accepts("orders") && !IndexFolder.accepts("."))
        #expect(HostAddress.accepts("db-1.example.com") && HostAddress.accepts("::1") && HostAddress.accepts("fe80::1%eth0"))
        #expect(HostID.accepts("6f1c0b46-6f6d-4c3c-9d1e-2f0f5b0a0001") && !HostID.accepts("6F1C0B46-6f6d-4c3c-9d1e-2f0f5b0a0001"))
        #expect(BackupID.accepts("20261124T145501Z-1a2b3c") && !BackupID.accepts("20261124T145501Z-1A2B3C") && !BackupID.accepts("20261124 145501Z-1a2b3c"))
    }

    @Test("a refused name is told escaped, never raw")
    func refusalIsQuoted() {
        let error = caught(NameError.self) { try StoreName("a\u{1B}[31m\nb") }
        #expect(error?.description.contains(#"'a\u{1b}[31m\nb'"#) == true)
    }

    @Test(
        "quoting escapes what a terminal or a log would obey",
        arguments: [("plain", "'plain'"), ("it's", #"'it\'s'"#), ("a\\b", #"'a\\b'"#), ("a\r\n\t", #"'a\r\n\t'"#), ("\0", #"'\u{0}'"#), ("\u{202E}x", #"'\u{202e}x'"#), ("\u{2028}", #"'\u{2028}'"#), ("é漢", "'é漢'")])
    func quoting(_ text: String, _ expected: String) { #expect(quoted(text) == expected) }

    @Test("quoting cuts after 120 characters")
    func quotingCuts() {
        #expect(quoted(String(repeating: "x", count: 120)) == "'\(String(repeating: "x", count: 120))'")
        #expect(quoted(String(repeating: "x", count: 121)) == "'\(String(repeating: "x", count: 120))…'")
    }

    @Test("a backup's tag is its own and no other backup's")
    func tag() throws {
        let id = try BackupID(startedAt: Timestamp("2026-11-24T14:55:01Z")!, random: "1a2b3c")
        #expect(id.rawValue == "20261124T145501Z-1a2b3c" && id.snapshotTag.rawValue == "aeneas-20261124T145501Z-1a2b3c" && SnapshotTag.accepts(id.snapshotTag.rawValue))
    }
}

@Suite struct ULIDTests {
    @Test("ULIDs order by time, then by their randomness")
    func order() {
        let random = [UInt8](repeating: 255, count: 10), none = [UInt8](repeating: 0, count: 10)
        var last = RunID.ulid(at: Timestamp(milliseconds: 0), random: none)
        for time in [1, 31, 32, 1023, 1024, 1_795_532_101_250, 1_795_532_101_251, 1 << 47] {
            let low = RunID.ulid(at: Timestamp(milliseconds: time), random: none), high = RunID.ulid(at: Timestamp(milliseconds: time), random: random)
            #expect(last < low && low < high && RunID.accepts(low.rawValue) && RunID.accepts(high.rawValue))
            last = high
        }
    }

    @Test("the letters are those of the ULID specification")
    func letters() {
        #expect(JobID.ulid(at: Timestamp(milliseconds: 1_469_918_176_385), random: [UInt8](repeating: 0, count: 10)).rawValue == "01ARYZ6S410000000000000000")
        #expect(JobID.ulid(at: Timestamp(milliseconds: 0), random: [0, 0, 0, 0, 0, 0, 0, 0, 0, 31]).rawValue == "0000000000000000000000000Z")
        #expect(!RunID.accepts("0000000000000000000000000U") && !RunID.accepts("0000000000000000000000000l"))
    }
}
