import BackupModel
import Crypto
import Foundation
import Logging
import SSHDispatch

/// The folder that only the master's user may look into.
enum PrivateFolder {
    static func prepare(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw Failure("server.state-folder", "cannot make the state folder '\(path)'", hint: "may this user write there? (--state-folder)", cause: Failure("server.state-folder", "\(error.localizedDescription)"))
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & 0o022 == 0 else {
            throw Failure("server.state-folder", "others may write in the state folder '\(path)'", hint: "chmod go-w '\(path)'")
        }
    }
}

/// The token of the first start: 32 random bytes as hex, readable by the master's user alone.
enum TokenFile {
    static func readOrMake(_ path: String) throws -> Secret<String> {
        if let text = try? String(contentsOfFile: path, encoding: .utf8) {
            let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
            guard token.utf8.count >= 32 else { throw Failure("server.token", "the token in '\(path)' is shorter than 32 characters", hint: "remove the file: the next start makes a new one") }
            return Secret(token)
        }
        let token = hexString(randomBytes(32))
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure("server.token", "cannot write the token to '\(path)': \(String(cString: strerror(errno)))") }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try file.write(contentsOf: Data((token + "\n").utf8))
        try file.synchronize()
        return Secret(token)
    }
}

/// The agent that is brought to the nodes, and its hash.
enum AgentFile {
    static func find(_ configured: String?) throws -> AgentBinary {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        let folder = (own as NSString).deletingLastPathComponent
        let candidates = configured.map { [$0] } ?? ["\(folder)/aeneas-agent", "\(folder)/../libexec/aeneas/aeneas-agent"]
        guard let path = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            throw Failure("server.no-agent", "there is no aeneas-agent at \(candidates.joined(separator: " or "))", hint: "make agent, or name it with --agent")
        }
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let digest = bytes.withUnsafeBytes { SHA256.hash($0) }
        return AgentBinary(path: path, sha256: SHA256Hex(unchecked: digest.hex), size: bytes.count)
    }
}
