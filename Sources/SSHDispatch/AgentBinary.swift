package import BackupModel
import Glibc
import Synchronization

/// The agent that belongs to this master: what runs on a node is this one, by its hash.
package struct AgentBinary: Sendable {
    package var path: String
    package var sha256: SHA256Hex
    package var size: Int

    package init(path: String, sha256: SHA256Hex, size: Int) {
        self.path = path
        self.sha256 = sha256
        self.size = size
    }
}

/// The binary's bytes, in memory while somebody pushes them: one copy, however many do.
final class AgentBytes: Sendable {
    final class Loaded: Sendable {
        let bytes: [UInt8]
        init(_ bytes: [UInt8]) { self.bytes = bytes }
    }

    private struct Reference { weak var loaded: Loaded? }
    private let current = Mutex(Reference())
    private let binary: AgentBinary

    init(_ binary: AgentBinary) { self.binary = binary }

    /// Blocks. Throws what is wrong with the file, in words.
    func load() throws(AgentBinaryError) -> Loaded {
        try current.withLock { reference throws(AgentBinaryError) in
            if let loaded = reference.loaded { return loaded }
            let loaded = Loaded(try read())
            reference.loaded = loaded
            return loaded
        }
    }

    private func read() throws(AgentBinaryError) -> [UInt8] {
        let file = open(binary.path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw AgentBinaryError(description: "cannot read the agent to push, '\(binary.path)': \(String(cString: strerror(errno)))") }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: binary.size + 1)
        var count = 0
        while count < bytes.count {
            let more = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress! + count, $0.count - count) }
            if more <= 0 { break }
            count += more
        }
        guard count == binary.size else { throw AgentBinaryError(description: "the agent to push, '\(binary.path)', has changed since aeneasd started") }
        bytes.removeLast()
        return bytes
    }
}

struct AgentBinaryError: Error { var description: String }
