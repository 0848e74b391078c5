import BackupModel
import Foundation
import ObjectStore
import ObjectStoreDrivers
import TestSupport
import Testing

/// A folder of the test's own that was made a store.
final class FolderFixture {
    let path: String
    let store: FolderStore

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "aeneas-folder-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        store = try FolderStore(path: path)
        #expect(try store.create(.store, Array("{}".utf8)))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String = "x") throws {
        let url = URL(fileURLWithPath: path).appending(path: name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }
}

@Suite struct FolderStoreTests {
    @Test("a folder keeps the rules of every store", arguments: ObjectStoreConformance.rules)
    func conforms(_ rule: ObjectStoreConformance) async throws {
        let folder = try FolderFixture(), place = ObjectStoreConformance.Place(folder.store, partSize: 1 << 20)
        try await onOwnThread { try rule.check(place) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/-unfinished").isEmpty)
    }

    @Test("a folder that is not there is refused, and not made")
    func missingRoot() throws {
        let folder = try FolderFixture(), path = folder.path + "/unmounted"
        let store = try FolderStore(path: path)
        let key = try ObjectKey(checking: "a")
        expectMisconfigured { _ = try store.probe() }
        expectMisconfigured { _ = try store.create(.store, []) }
        expectMisconfigured { try store.upload(key, size: 0, transfer: TransferControl()) { _ in 0 } }
        expectMisconfigured { _ = try store.list(prefix: "") }
        expectMisconfigured { try store.delete([key]) }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test("an empty folder, such as a place where nothing is mounted, takes no backup")
    func unmarkedRoot() throws {
        let folder = try FolderFixture()
        try folder.store.delete([.store])
        expectMisconfigured { _ = try folder.store.create(try ObjectKey(checking: "clusters/a/cluster.json"), []) }
        expectMisconfigured { try folder.store.upload(try ObjectKey(checking: "a"), size: 0, transfer: TransferControl()) { _ in 0 } }
        _ = try folder.store.probe()
        #expect(try folder.store.list(prefix: "").isEmpty)
    }

    @Test("a root that lies below a file is refused")
    func rootBelowFile() throws {
        let folder = try FolderFixture()
        try folder.write("file")
        let store = try FolderStore(path: folder.path + "/file")
        expectMisconfigured { _ = try store.probe() }
    }

    @Test("a relative path is refused")
    func relativePath() { expectMisconfigured { _ = try openStore(.folder(path: "backups")) } }

    @Test("symbolic links below the root are followed by nothing")
    func links() throws {
        let folder = try FolderFixture(), outside = try FolderFixture()
        try outside.write("secret/file", "theirs")
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/way", withDestinationPath: outside.path + "/secret")
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/leaf", withDestinationPath: outside.path + "/secret/file")
        let below = try ObjectKey(checking: "way/file"), leaf = try ObjectKey(checking: "leaf")
        expectMisconfigured { try folder.store.upload(below, size: 0, transfer: TransferControl()) { _ in 0 } }
        expectMisconfigured { _ = try folder.store.create(try ObjectKey(checking: "way/new"), []) }
        expectMisconfigured { _ = try folder.store.read(below, limit: 100) }
        expectMisconfigured { try folder.store.delete([below]) }
        #expect(throws: StoreError.self) { try folder.store.read(leaf, limit: 100) }
        #expect(try folder.store.size(of: leaf) == nil)
        // An upload takes the link's own place and does not write through it.
        try folder.store.upload(leaf, size: 0, transfer: TransferControl()) { _ in 0 }
        #expect(try String(contentsOfFile: outside.path + "/secret/file", encoding: .utf8) == "theirs")
        #expect(try FileManager.default.contentsOfDirectory(atPath: outside.path + "/secret") == ["file"])
    }

    @Test("what no key can name is reported and not listed")
    func foreignNames() throws {
        let folder = try FolderFixture()
        for name in ["-dash", "a/back\\slash", "a/-b/c", "a/good"] { try folder.write(name) }
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/link", withDestinationPath: "/etc")
        let raw = open(folder.path + "/bad-\u{1}", O_CREAT | O_WRONLY, 0o600)
        close(raw)
        let bytes: [CChar] = Array((folder.path + "/latin-").utf8CString.dropLast()) + [CChar(bitPattern: 0xE9), 0]
        close(open(bytes, O_CREAT | O_WRONLY, 0o600))
        var keys: [String] = [], foreign: [String] = []
        try folder.store.list(prefix: "", page: { keys += $0.map(\.key.text) }, foreign: { foreign.append($0) })
        #expect(keys == ["a/good", "aeneas.json"])
        #expect(Set(foreign) == ["-dash", "a/back\\slash", "a/-b/c", "link", "bad-\u{1}", "latin-\u{FFFD}"])
    }

    @Test("a probe sweeps what a killed writer left, and leaves a working one's file")
    func sweeping() throws {
        let folder = try FolderFixture()
        try folder.write("-unfinished/old")
        try folder.write("-unfinished/new")
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -90_000)], ofItemAtPath: folder.path + "/-unfinished/old")
        _ = try folder.store.probe()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/-unfinished") == ["new"])
    }

    @Test("deleting the last object of a folder removes the folder")
    func emptyFolders() throws {
        let folder = try FolderFixture(), key = try ObjectKey(checking: "a/b/c/d")
        #expect(try folder.store.create(key, []))
        try folder.store.delete([key])
        #expect(try Set(FileManager.default.contentsOfDirectory(atPath: folder.path)) == ["-unfinished", "aeneas.json"])
    }

    @Test("a full disk is called full, and nothing of the object is seen", .enabled(if: SmallDisk.canBeMade, "a tmpfs can be mounted only by root"))
    func fullDisk() throws {
        let folder = try FolderFixture(), disk = try SmallDisk(at: folder.path + "/disk", "size=1m")
        let store = try FolderStore(path: disk.path), key = try ObjectKey(checking: "big")
        #expect(try store.create(.store, []))
        let error = thrown {
            try store.upload(key, size: 4 << 20, transfer: TransferControl()) { buffer in
                buffer.initializeMemory(as: UInt8.self, repeating: 1)
                return buffer.count
            }
        }
        guard case .full = error else { return fail(error) }
        #expect(try store.size(of: key) == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path + "/-unfinished").isEmpty)
    }

    @Test("a read-only file system is access denied", .enabled(if: SmallDisk.canBeMade, "a tmpfs can be mounted only by root"))
    func readOnly() throws {
        let folder = try FolderFixture(), disk = try SmallDisk(at: folder.path + "/disk", "size=1m")
        let store = try FolderStore(path: disk.path)
        #expect(try store.create(.store, []))
        try disk.remount("ro")
        let error = thrown { _ = try store.probe() }
        guard case .accessDenied = error else { return fail(error) }
        #expect(try store.read(.store, limit: 10) == [])
    }

    private func expectMisconfigured(_ body: () throws -> Void, location: SourceLocation = #_sourceLocation) {
        do {
            try body()
            Issue.record("no error", sourceLocation: location)
        } catch StoreError.misconfigured {
        } catch { Issue.record("\(error)", sourceLocation: location) }
    }
}

/// A file system of its own for a test.
final class SmallDisk {
    let path: String

    static let canBeMade: Bool = {
        let path = FileManager.default.temporaryDirectory.appending(path: "aeneas-disk-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        return (try? SmallDisk(at: path, "size=64k")) != nil
    }()

    init(at path: String, _ options: String) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Self.run("mount", "-t", "tmpfs", "-o", options, "aeneas-test", path)
    }

    deinit { try? Self.run("umount", path) }

    func remount(_ options: String) throws { try Self.run("mount", "-o", "remount,\(options)", path) }

    private static func run(_ words: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.featureUnsupported) }
    }
}
