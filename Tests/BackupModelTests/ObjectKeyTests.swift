@testable import BackupModel
import TestSupport
import Testing

@Suite struct ObjectKeyTests {
    @Test("every key that is made from names passes the check of keys that are read")
    func madeKeysAreSound() throws {
        let cluster = ClusterName(unchecked: "prod"), backup = BackupID(unchecked: "20261124T145501Z-1a2b3c"), host = HostID(unchecked: "6f1c0b46-6f6d-4c3c-9d1e-2f0f5b0a0001")
        let hash = SHA256Hex(unchecked: String(repeating: "a", count: 64))
        let place = SSTablePlace(
            cluster: cluster, host: host, keyspace: KeyspaceName(unchecked: "Shop"), table: TableName(unchecked: "orders"), tableID: TableID(unchecked: String(repeating: "b", count: 32)),
            index: IndexFolder(unchecked: ".orders_customer"), sstable: SSTableName(unchecked: "nb-1-big"))
        let keys: [ObjectKey] = [
            .store, .cluster(cluster), .started(cluster, backup), .backup(cluster, backup), .manifest(cluster, backup, host), .data(place, identity: hash), .components(place, identity: hash)
        ]
        for key in keys { #expect(try ObjectKey(checking: key.text) == key) }
        #expect(keys[5].text == "clusters/prod/data/\(host)/Shop/orders-\(place.tableID)/.orders_customer/nb-1-big/Data.db.\(hash)")
    }

    @Test(
        "a key that could leave its folder is refused",
        arguments: [
            "", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", "a/../b", "-a", "a/-b", "a\0b", "a\nb", "a\u{7F}", "a\\b", "a/../\u{0301}x", "a/\u{0301}b", "..\u{2F}\u{20DD}x",
            String(repeating: "x", count: 256), Array(repeating: "xxxxxxxxx", count: 101).joined(separator: "/")
        ])
    func refused(_ text: String) { #expect(caught(NameError.self) { try ObjectKey(checking: text) } != nil) }

    @Test("names are judged as they stand: what only looks like '..' is a name", arguments: ["a/...", "a/..b", "a/b..", "a/．．", "a/%2e%2e", "a b", "a'b"])
    func taken(_ text: String) throws { #expect(try ObjectKey(checking: text).text == text) }

    @Test("keys order as their texts")
    func order() throws { #expect(try ObjectKey(checking: "a/B") < ObjectKey(checking: "a/b")) }
}

@Suite struct SSTableNameTests {
    /// As they lie in the data folders of 4.0, 4.1 and 5.0.
    @Test(
        "real files' names are taken apart",
        arguments: [
            ("nb-42-big-Data.db", "nb-42-big", "Data.db"), ("na-1-big-TOC.txt", "na-1-big", "TOC.txt"), ("nb-1-big-Digest.crc32", "nb-1-big", "Digest.crc32"),
            ("nb-3gmf_1cs0_0l6kg2vd6w2ubv8m5k-big-Index.db", "nb-3gmf_1cs0_0l6kg2vd6w2ubv8m5k-big", "Index.db"),
            ("da-3h5r_0kk3_2738a2ldlvw4h2zj2d-bti-Partitions.db", "da-3h5r_0kk3_2738a2ldlvw4h2zj2d-bti", "Partitions.db"), ("da-2-bti-Rows.db", "da-2-bti", "Rows.db"),
            ("oa-7-big-SAI+aa+events_kind+Meta.db", "oa-7-big", "SAI+aa+events_kind+Meta.db"), ("oa-7-big-SAI+aa+ColumnComplete.db", "oa-7-big", "SAI+aa+ColumnComplete.db"),
            ("nb-1-big-CompressionInfo.db", "nb-1-big", "CompressionInfo.db"), ("nb-1-big-SI_events_idx.db", "nb-1-big", "SI_events_idx.db")
        ])
    func real(_ file: String, _ sstable: String, _ component: String) {
        let name = SSTableFileName(file)
        #expect(name?.sstable.rawValue == sstable && name?.component.rawValue == component)
    }

    @Test(
        "other files are not SSTables",
        arguments: [
            "manifest.json", "schema.cql", "nb-1-big", "nb-1-big-", "nb--big-Data.db", "-1-big-Data.db", "nbx-1-big-Data.db", "nb-1-big-Data.db-x", "nb-1-big-../Data.db", "nb-1-big-..", "nb-1-big-.hidden",
            "nb-1-big-Data.db\n", "nb-1-big-Da\0ta.db", "nb-1-big-Dаta.db", "nb_txn_flush_6f1c0b46.log", "nb-1-big-Data.db\u{0301}", "nb-\u{0301}1-big-Data.db", "nb-1-big-a..b"
        ])
    func others(_ file: String) { #expect(SSTableFileName(file) == nil) }
}
