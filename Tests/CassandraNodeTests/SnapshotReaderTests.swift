import BackupModel
import CassandraNode
import Foundation
import Testing

struct SnapshotReaderTests {
    private func read(_ tree: SnapshotTree, _ keyspaces: Set<KeyspaceName> = []) throws(NodeError) -> [SnapshotTable] {
        try SnapshotReader.tables(tag: SnapshotTree.tag, folders: tree.folders, keyspaces: keyspaces)
    }

    /// The problem that the reader names, which must be about `path`.
    private func problem(_ tree: SnapshotTree, at path: String) -> String {
        do throws(NodeError) {
            return "no problem: \(try read(tree).count) tables"
        } catch .snapshotUnsound(let place, let problem) where place == path {
            return problem
        } catch {
            return "another: \(error)"
        }
    }

    @Test("a table over two data folders is one table, its SSTables in the order of the folders, each file with what lstat says")
    func twoFolders() throws {
        let tree = SnapshotTree(folders: 2)
        tree.addSSTable("nb-2-big", in: tree.snapshot(folder: 0), also: ["nb-1-big-Data.db", ".by_name/nb-1-big-Data.db"])
        tree.write("CREATE TABLE shop.orders (id int PRIMARY KEY);", to: tree.snapshot(folder: 0) + "/schema.cql")
        for place in ["", "/.by_name"] {
            for component in ["Data.db", "SAI+aa+events_kind+Meta.db"] { tree.write("12345", to: tree.snapshot(folder: 1) + place + "/nb-1-big-" + component) }
        }
        tree.write("", to: tree.snapshot(folder: 1) + "/ephemeral.snapshot")

        let tables = try read(tree)
        #expect(tables.map(\.name.rawValue) == ["orders"])
        #expect(tables[0].id.rawValue == SnapshotTree.id)
        #expect(tables[0].schema == "CREATE TABLE shop.orders (id int PRIMARY KEY);")
        #expect(tables[0].sstables.map { "\($0.folder) \($0.index?.rawValue ?? "-") \($0.name)" } == ["0 - nb-2-big", "1 - nb-1-big", "1 .by_name nb-1-big"])
        #expect(tables[0].sstables.map(\.files.count) == [3, 2, 2])
        let file = tables[0].sstables[1].files[0]
        let attributes = try FileManager.default.attributesOfItem(atPath: tables[0].sstables[1].directory + "/nb-1-big-\(file.component)")
        #expect(file.size == 5)
        #expect(file.inode == (attributes[.systemFileNumber] as? NSNumber)?.uint64Value)
        let seconds = try #require(attributes[.modificationDate] as? Date).timeIntervalSince1970
        #expect(abs(Double(file.modified) / 1e9 - seconds) < 0.001)
    }

    @Test("a table without SSTables is there, and tables come by keyspace, name and id")
    func order() throws {
        let tree = SnapshotTree()
        for (keyspace, table, id) in [("shop", "visits", "b"), ("shop", "empty", "b"), ("shop", "empty", "a"), ("MixedCase", "One", "c")] {
            tree.list([], in: tree.snapshot(keyspace, table, id: String(repeating: id, count: 32)))
        }
        #expect(
            try read(tree).map { "\($0.keyspace).\($0.name) \($0.id.rawValue.prefix(1))" } == [
                "MixedCase.One c", "shop.empty a", "shop.empty b", "shop.visits b",
            ])
        #expect(try read(tree, [KeyspaceName(unchecked: "MixedCase")]).count == 1)
    }

    @Test("a snapshot that no table has is missing, also when one with a longer tag is there")
    func missing() {
        let tree = SnapshotTree()
        tree.addSSTable(in: tree.snapshot(tag: SnapshotTag(unchecked: SnapshotTree.tag.rawValue + "0")))
        #expect(throws: NodeError.snapshotMissing(SnapshotTree.tag)) { try read(tree) }
    }

    @Test("a data folder that is gone is an error, and a data folder that is a symbolic link is read")
    func dataFolder() throws {
        let tree = SnapshotTree()
        tree.addSSTable(in: tree.snapshot())
        let link = tree.root + "/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: tree.folders[0])
        #expect(try SnapshotReader.tables(tag: SnapshotTree.tag, folders: [link], keyspaces: []).count == 1)
        // The same folder a second time under another name would count everything twice.
        #expect(try SnapshotReader.tables(tag: SnapshotTree.tag, folders: [link, tree.folders[0]], keyspaces: [])[0].sstables.count == 1)
        #expect(throws: NodeError.folderUnreadable(path: tree.root + "/none", reason: "there is no such data folder")) {
            try SnapshotReader.tables(tag: SnapshotTree.tag, folders: [tree.folders[0], tree.root + "/none"], keyspaces: [])
        }
    }

    @Test(
        "a file that is no SSTable's is named, whatever its name",
        arguments: [
            "notes.txt", "nb-1-big-Data.db.tmp~", "nb-1-big", "nb-1-big-Data.db\nx", "nb-1-big-..", "-x-y-z", "nb_txn_compaction_1.log", "..a-1-big-Data.db",
        ])
    func unexpectedFile(name: String) {
        let tree = SnapshotTree()
        tree.addSSTable(in: tree.snapshot())
        tree.write("", to: tree.snapshot() + "/" + name)
        #expect(problem(tree, at: tree.snapshot() + "/" + name) == "is no file of an SSTable")
    }

    @Test("a name that is no UTF-8 is refused")
    func notUTF8() {
        let tree = SnapshotTree()
        tree.addSSTable(in: tree.snapshot())
        let bytes: [CChar] = (tree.snapshot() + "/nb-1-big-").utf8.map { CChar(bitPattern: $0) } + [CChar(bitPattern: 0xFF), 0]
        close(open(bytes, O_CREAT | O_WRONLY, 0o600))
        #expect(problem(tree, at: tree.snapshot() + "/nb-1-big-\u{FFFD}") == "is no file of an SSTable")
    }

    @Test("links, pipes and folders in a snapshot are refused and named")
    func notFiles() throws {
        for (name, expected) in [
            ("nb-1-big-Index.db", "is a symbolic link"), ("nb-1-big-Filter.db", "is neither a file nor a folder"),
            ("nb-1-big-Rows.db", "is a folder that does not belong there"),
        ] {
            let tree = SnapshotTree()
            tree.addSSTable(in: tree.snapshot())
            let path = tree.snapshot() + "/" + name
            switch name {
            case "nb-1-big-Index.db": try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/etc/passwd")
            case "nb-1-big-Filter.db": #expect(mkfifo(path, 0o600) == 0)
            default: tree.makeFolder(path)
            }
            #expect(problem(tree, at: path) == expected)
        }
    }

    @Test("a pipe in the place of Cassandra's own list is refused without being opened")
    func pipeAsManifest() {
        let tree = SnapshotTree()
        tree.makeFolder(tree.snapshot())
        #expect(mkfifo(tree.snapshot() + "/manifest.json", 0o600) == 0)
        #expect(problem(tree, at: tree.snapshot() + "/manifest.json") == "is neither a file nor a folder")
    }

    private static let places = ["shop", "shop/orders-\(SnapshotTree.id)", "shop/orders-\(SnapshotTree.id)/snapshots", "tag"]

    @Test("a symbolic link in the place of a keyspace, a table, its snapshots or the tag is refused", arguments: places)
    func links(place: String) throws {
        let tree = SnapshotTree()
        tree.addSSTable(in: tree.snapshot())
        let path = place == "tag" ? tree.snapshot() : tree.folders[0] + "/" + place
        try FileManager.default.moveItem(atPath: path, toPath: tree.root + "/elsewhere")
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: tree.root + "/elsewhere")
        #expect(problem(tree, at: path) == "is a symbolic link")
    }

    @Test("a table's folder without an id is refused when it holds the snapshot, and passed by when it does not")
    func noTableID() throws {
        let tree = SnapshotTree()
        tree.addSSTable(in: tree.snapshot())
        tree.write("", to: tree.folders[0] + "/system/_paxos_repair_state/ballot.meta")
        tree.makeFolder(tree.folders[0] + "/lost+found")
        #expect(try read(tree).count == 1)
        let old = "\(tree.folders[0])/shop/orders/snapshots/\(SnapshotTree.tag)"
        tree.addSSTable(in: old)
        #expect(problem(tree, at: old) == "lies in a folder that is not named '<table>-<32 hex digits>'")
    }

    @Test("an SSTable without its Data.db is refused, in an index's folder too", arguments: ["", "/.by_name"])
    func noData(place: String) {
        let tree = SnapshotTree()
        tree.addSSTable(in: tree.snapshot())
        tree.write("", to: tree.snapshot() + place + "/nb-7-big-Index.db")
        #expect(problem(tree, at: tree.snapshot() + place + "/nb-7-big") == "is an SSTable without its Data.db")
    }

    @Test(
        "an SSTable that Cassandra's list names and that is not there is refused",
        arguments: ["nb-9-big-Data.db", ".by_name/nb-1-big-Data.db", "../../../../etc/passwd"])
    func listedAndGone(name: String) {
        let tree = SnapshotTree()
        tree.addSSTable(in: tree.snapshot(), also: [name])
        #expect(problem(tree, at: tree.snapshot() + "/" + name) == "is named by the snapshot's manifest.json and is not there")
    }

    @Test("a snapshot without Cassandra's list, or with half of one, is refused")
    func noList() throws {
        let tree = SnapshotTree()
        tree.addSSTable(in: tree.snapshot())
        tree.write(#"{"files":["nb-1-"#, to: tree.snapshot() + "/manifest.json")
        #expect(problem(tree, at: tree.snapshot() + "/manifest.json").hasPrefix("is not what Cassandra writes"))
        try FileManager.default.removeItem(atPath: tree.snapshot() + "/manifest.json")
        #expect(problem(tree, at: tree.snapshot()) == "has no manifest.json: the snapshot is not complete")
    }

    @Test("a folder that may not be read is named", .enabled(if: getuid() != 0, "root may read everything"))
    func unreadable() {
        let tree = SnapshotTree()
        tree.addSSTable(in: tree.snapshot())
        chmod(tree.folders[0] + "/shop", 0)
        defer { chmod(tree.folders[0] + "/shop", 0o700) }
        #expect(throws: NodeError.folderUnreadable(path: tree.folders[0] + "/shop", reason: "permission denied")) { try read(tree) }
    }

    @Test("ten thousand files are read")
    func many() throws {
        let tree = SnapshotTree()
        var names: [String] = []
        for number in 1...1250 {
            names.append("nb-\(number)-big-Data.db")
            for component in ["Data.db", "Index.db", "Filter.db", "Summary.db", "Statistics.db", "CompressionInfo.db", "Digest.crc32", "TOC.txt"] {
                let path = "\(tree.snapshot())/nb-\(number)-big-\(component)"
                if number == 1 { tree.write("", to: path) } else { close(open(path, O_CREAT | O_WRONLY, 0o600)) }
            }
        }
        tree.list(names, in: tree.snapshot())
        let started = ContinuousClock.now
        let tables = try read(tree)
        print("10,000 files read in \(ContinuousClock.now - started)")
        #expect(tables[0].sstables.count == 1250)
        #expect(tables[0].sstables.allSatisfy { $0.files.count == 8 })
    }
}
