import Foundation

/// A small file system in memory, mounted for a test.
final class SmallFileSystem: Sendable {
    let path: String

    /// Whether this user may mount one.
    static let isPossible: Bool = {
        guard let tried = try? SmallFileSystem(size: "1m") else { return false }
        tried.unmount()
        return true
    }()

    init(size: String) throws {
        let path = NSTemporaryDirectory() + "/aeneas-mount-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        guard Self.run("mount", "-t", "tmpfs", "-o", "size=\(size),mode=0700", "aeneas-test", path) else {
            rmdir(path)
            throw TestBedError(description: "cannot mount a tmpfs")
        }
        self.path = path
        Cleanup.shared.add { Self.leave(path) }
    }

    func remount(_ options: String) throws {
        guard Self.run("mount", "-o", "remount,\(options)", path) else { throw TestBedError(description: "cannot remount \(path) with \(options)") }
    }

    /// What is mounted there goes, the folder beneath stays until the tests end.
    func unmount() { _ = Self.run("umount", path) }

    var freeBytes: Int {
        var space = statvfs()
        return statvfs(path, &space) == 0 ? Int(space.f_bavail) * Int(space.f_frsize) : 0
    }

    /// Takes all room but so much, also from those who write there at the same time.
    func fill(leaving bytes: Int) throws {
        let file = open(path + "/filler", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw TestBedError(description: "cannot fill \(path)") }
        defer { close(file) }
        let block = [UInt8](repeating: 1, count: 64 << 10)
        while freeBytes > bytes, write(file, block, min(block.count, freeBytes - bytes)) > 0 {}
    }

    func removeFiller() { unlink(path + "/filler") }

    private static func leave(_ path: String) {
        _ = run("umount", "-l", path)
        try? FileManager.default.removeItem(atPath: path)
    }

    private static func run(_ words: String...) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
