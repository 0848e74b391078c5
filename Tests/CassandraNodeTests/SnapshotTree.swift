import BackupModel
import Foundation

/// A node's data folders, made for one test and removed with it.
final class SnapshotTree {
    static let tag = SnapshotTag(unchecked: "aeneas-20261124T145501Z-1a2b3c")
    static let id = "ac597be0e70e11f1ab2b1f2372a7f202"

    let root: String
    let folders: [String]

    init(folders count: Int = 1) {
        root = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().appendingPathComponent("aeneas-node-\(UUID().uuidString)").path
        folders = (1...count).map { [root] in "\(root)/data\($0)" }
        for folder in folders { makeFolder(folder) }
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func snapshot(_ keyspace: String = "shop", _ table: String = "orders", id: String = id, folder: Int = 0, tag: SnapshotTag = tag) -> String {
        "\(folders[folder])/\(keyspace)/\(table)-\(id)/snapshots/\(tag)"
    }

    func makeFolder(_ path: String) { try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    func write(_ text: String, to path: String) {
        makeFolder((path as NSString).deletingLastPathComponent)
        try! Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    /// An SSTable of three files, and a list that names it together with `also`.
    func addSSTable(_ name: String = "nb-1-big", in snapshot: String, also: [String] = []) {
        for component in ["Data.db", "Statistics.db", "TOC.txt"] { write("\(name) \(component)", to: "\(snapshot)/\(name)-\(component)") }
        list(["\(name)-Data.db"] + also, in: snapshot)
    }

    func list(_ files: [String], in snapshot: String) {
        write(
            #"{"files":[\#(files.map { "\"\($0)\"" }.joined(separator: ","))],"created_at":"2026-11-24T14:55:01.250Z","expires_at":null}"#,
            to: "\(snapshot)/manifest.json")
    }
}
