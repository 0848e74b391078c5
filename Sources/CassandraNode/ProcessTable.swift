import Glibc

/// The processes of this machine, out of `/proc`.
package enum ProcessTable {
    package struct Holder: Hashable, Sendable {
        package var pid: Int
        /// The program's short name: `java`.
        package var command: String
    }

    /// Processes other than this one that hold a file or folder open in one of `folders`, by pid.
    ///
    /// Processes whose descriptors we may not see are passed by: for others' processes this takes root or their user.
    package static func holders(of folders: [String]) -> [Holder] {
        let roots = folders.compactMap(resolved)
        guard !roots.isEmpty else { return [] }
        var holders: [Holder] = []
        for pid in pids() where pid != Int(getpid()) {
            let descriptors = "/proc/\(pid)/fd"
            guard let names = try? OpenFolder.top(descriptors)?.entries() else { continue }
            let holds = names.contains { entry in
                guard let target = link("\(descriptors)/\(entry.name)") else { return false }
                return roots.contains { target == $0 || target.hasPrefix($0 + "/") }
            }
            if holds { holders.append(Holder(pid: pid, command: command(of: pid))) }
        }
        return holders.sorted { $0.pid < $1.pid }
    }

    /// False for one that has ended and was not waited for.
    package static func isAlive(_ pid: Int) -> Bool {
        guard let bytes = try? readFile("/proc/\(pid)/stat", limit: 4096) else { return false }
        // "PID (NAME) STATE …": the name may hold anything, a bracket too.
        guard let bracket = bytes.lastIndex(of: UInt8(ascii: ")")), bracket + 2 < bytes.count else { return false }
        return ![UInt8(ascii: "Z"), UInt8(ascii: "X")].contains(bytes[bracket + 2])
    }

    /// Its effective user and group; nil when there is no such process.
    static func owner(of pid: Int) -> (uid: Int, gid: Int)? {
        guard let bytes = try? readFile("/proc/\(pid)/status", limit: 64 << 10) else { return nil }
        func effective(_ key: String) -> Int? {
            let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix(key) }
            return line?.split(whereSeparator: { $0 == "\t" || $0 == " " }).dropFirst(2).first.flatMap { Int($0) }
        }
        guard let uid = effective("Uid:"), let gid = effective("Gid:") else { return nil }
        return (uid, gid)
    }

    /// Its working folder; nil when that may not be seen.
    static func workingFolder(of pid: Int) -> String? { link("/proc/\(pid)/cwd") }

    private static func command(of pid: Int) -> String {
        String(decoding: (try? readFile("/proc/\(pid)/comm", limit: 4096)) ?? [], as: UTF8.self).split(separator: "\n").first.map(String.init) ?? "?"
    }

    private static func pids() -> [Int] { ((try? OpenFolder.top("/proc")?.entries()) ?? []).compactMap { Int($0.name) } }

    private static func link(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes in bytes.withMemoryRebound(to: CChar.self) { readlink(path, $0.baseAddress!, $0.count) } }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}

/// `path` without links in it; nil when it does not exist.
func resolved(_ path: String) -> String? {
    guard let text = realpath(path, nil) else { return nil }
    defer { free(text) }
    return String(cString: text)
}
