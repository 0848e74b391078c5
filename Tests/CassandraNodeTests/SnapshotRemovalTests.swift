import BackupModel
import CassandraNode
import Foundation
import Testing

struct SnapshotRemovalTests {
    private let theirs = SnapshotTag(unchecked: "operator_keep")
    private let longer = SnapshotTag(unchecked: SnapshotTree.tag.rawValue + "-2")

    @Test("our tag goes from every data folder, and no other does")
    func removes() throws {
        let tree = SnapshotTree(folders: 2)
        for folder in 0...1 {
            for tag in [SnapshotTree.tag, theirs, longer] { tree.addSSTable(in: tree.snapshot(folder: folder, tag: tag)) }
            tree.write("live", to: tree.folders[folder] + "/shop/orders-\(SnapshotTree.id)/nb-1-big-Data.db")
        }
        tree.write("", to: tree.snapshot() + "/.by_name/nb-1-big-Data.db")
        #expect(try SnapshotReader.folders(of: SnapshotTree.tag, in: tree.folders) == [tree.snapshot(folder: 0), tree.snapshot(folder: 1)])
        #expect(try SnapshotReader.tags(in: tree.folders) == [SnapshotTree.tag.rawValue, longer.rawValue, theirs.rawValue])

        #expect(try SnapshotReader.remove(tag: SnapshotTree.tag, folders: tree.folders) == 2)
        #expect(try SnapshotReader.folders(of: SnapshotTree.tag, in: tree.folders) == [])
        #expect(try SnapshotReader.tags(in: tree.folders) == [longer.rawValue, theirs.rawValue])
        #expect(try SnapshotReader.tables(tag: theirs, folders: tree.folders, keyspaces: [])[0].sstables.count == 2)
        #expect(FileManager.default.fileExists(atPath: tree.folders[1] + "/shop/orders-\(SnapshotTree.id)/nb-1-big-Data.db"))
        #expect(try SnapshotReader.remove(tag: SnapshotTree.tag, folders: tree.folders + [tree.root + "/gone"]) == 0)
    }

    @Test("a tag that is not ours is refused before anything is touched", arguments: ["operator_keep", "Aeneas-1", "xaeneas-1"])
    func refuses(tag: String) {
        let tree = SnapshotTree()
        let tag = SnapshotTag(unchecked: tag)
        tree.addSSTable(in: tree.snapshot(tag: tag))
        #expect(throws: NodeError.notOurSnapshot(tag)) { try SnapshotReader.remove(tag: tag, folders: tree.folders) }
        #expect(try! SnapshotReader.folders(of: tag, in: tree.folders).count == 1)
    }

    @Test("links in a snapshot go, and what they lead to stays")
    func linksInside() throws {
        let tree = SnapshotTree()
        tree.addSSTable(in: tree.snapshot())
        tree.write("precious", to: tree.root + "/elsewhere/file")
        try FileManager.default.createSymbolicLink(atPath: tree.snapshot() + "/folder", withDestinationPath: tree.root + "/elsewhere")
        try FileManager.default.createSymbolicLink(atPath: tree.snapshot() + "/file", withDestinationPath: tree.root + "/elsewhere/file")
        try SnapshotReader.remove(tag: SnapshotTree.tag, folders: tree.folders)
        #expect(FileManager.default.fileExists(atPath: tree.root + "/elsewhere/file"))
        #expect(!FileManager.default.fileExists(atPath: tree.snapshot()))
    }

    @Test("a tag that is a link is refused, and the folder behind it stays")
    func linkAsTag() throws {
        let tree = SnapshotTree()
        tree.addSSTable(in: tree.root + "/elsewhere")
        tree.makeFolder((tree.snapshot() as NSString).deletingLastPathComponent)
        try FileManager.default.createSymbolicLink(atPath: tree.snapshot(), withDestinationPath: tree.root + "/elsewhere")
        #expect(throws: NodeError.snapshotUnsound(path: tree.snapshot(), problem: "is a symbolic link")) {
            try SnapshotReader.remove(tag: SnapshotTree.tag, folders: tree.folders)
        }
        #expect(FileManager.default.fileExists(atPath: tree.root + "/elsewhere/nb-1-big-Data.db"))
    }
}
