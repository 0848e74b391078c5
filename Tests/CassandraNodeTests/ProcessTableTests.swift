import CassandraNode
import Foundation
import Testing

struct ProcessTableTests {
    @Test("a process that holds a file open in a folder is found there, also through a link, and not in the folder's namesake")
    func holders() throws {
        let tree = SnapshotTree()
        tree.write("x", to: tree.folders[0] + "/inner/file")
        tree.makeFolder(tree.folders[0] + "2")
        try FileManager.default.createSymbolicLink(atPath: tree.root + "/link", withDestinationPath: tree.folders[0])
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["sleep", "60"]
        process.standardInput = FileHandle(forReadingAtPath: tree.folders[0] + "/inner/file")
        try process.run()
        let pid = Int(process.processIdentifier)
        for folder in [tree.folders[0], tree.root + "/link"] {
            #expect(ProcessTable.holders(of: [tree.root + "/none", folder]).map(\.pid) == [pid])
        }
        #expect(ProcessTable.holders(of: [tree.folders[0] + "2", tree.root + "/none"]) == [])
        #expect(ProcessTable.isAlive(pid))
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(ProcessTable.holders(of: [tree.folders[0]]) == [])
        #expect(!ProcessTable.isAlive(pid))
    }

    @Test("this process lives, and is not counted as a holder of what it holds itself")
    func ourselves() throws {
        let tree = SnapshotTree()
        tree.write("x", to: tree.folders[0] + "/file")
        let file = try #require(FileHandle(forReadingAtPath: tree.folders[0] + "/file"))
        #expect(ProcessTable.isAlive(Int(getpid())))
        #expect(ProcessTable.holders(of: tree.folders) == [])
        try file.close()
    }
}
