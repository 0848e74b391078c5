import BackupModel
import Crypto
import Glibc

/// The `aeneas-agent` program.
package struct AgentMain {
    private let parts: AgentParts

    package init(_ parts: AgentParts) { self.parts = parts }

    private static let usage = """
        Usage: aeneas-agent serve        answer the requests of an Aeneas master on standard input
               aeneas-agent --version
               aeneas-agent --help

        The agent takes no settings. It keeps its jobs and what it knows of the last backup in the folder of its own program.
        Exit status: 0 done, 1 failed, 64 wrong usage.

        """

    /// - Parameter arguments: Without the program's name.
    /// - Returns: The exit status.
    package func run(_ arguments: [String]) -> Int32 {
        switch arguments {
        case ["--version"]: return Self.print("aeneas-agent \(parts.version)\n")
        case ["--help"]: return Self.print(Self.usage)
        case ["serve"]: return guarded { try AgentServer(agent: $0, parts: parts, hello: try hello()).run() }
        case _ where arguments.count == 2 && arguments[0] == "job": return guarded { JobRunner(agent: $0, parts: parts).run(folder: arguments[1]) }
        default:
            _ = Self.print("error: not understood: \(quoted(arguments.joined(separator: " ")))\n\(Self.usage)", to: 2)
            return 64
        }
    }

    private func guarded(_ body: (AgentFolder) throws -> Int32) -> Int32 {
        ProcessGuard.close()
        do {
            return try body(AgentFolder(Disk.parent(of: try ownPath())))
        } catch {
            return Self.print("error: \(Failure(error))\n", to: 2, status: 1)
        }
    }

    private func hello() throws -> AgentHello {
        let digest = SHA256()
        let descriptor = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open", "/proc/self/exe") }
        try OpenFile(taking: descriptor, path: "/proc/self/exe").forEachChunk { digest.update($0) }
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        return AgentHello(
            binarySHA256: SHA256Hex(digest.finish()), version: parts.version, pid: Int(getpid()), hostName: String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
    }

    private func ownPath() throws -> String {
        // Not resolved as a path: a program whose file was replaced meanwhile reads "… (deleted)" there, in the right folder still.
        var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = bytes.withUnsafeMutableBytes { readlink("/proc/self/exe", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count) }
        guard count > 0 else { throw SystemError("resolve", "/proc/self/exe") }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    private static func print(_ text: String, to descriptor: Int32 = 1, status: Int32 = 0) -> Int32 {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        return status
    }
}

/// A process that has seen a secret leaves no image of its memory behind.
enum ProcessGuard {
    static func close() {
        umask(0o077)
        signal(SIGPIPE, SIG_IGN)
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        LibC.forbidDumps()
    }
}
