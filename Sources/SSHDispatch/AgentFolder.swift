import BackupModel

/// The folder of the agent on a node, and the remote commands: constant but for it, and it holds nothing that a shell would read.
struct AgentFolder: Sendable {
    let path: String

    /// Nil unless `[A-Za-z0-9_./-]+` without `..` and no leading '-'.
    init?(_ path: String) {
        guard (1...1024).contains(path.utf8.count), path.first != "-", path.utf8.allSatisfy(Self.isHarmless) else { return nil }
        guard !path.split(separator: "/").contains("..") else { return nil }
        self.path = path
    }

    private static func isHarmless(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "_./-".utf8.contains(byte)
        }
    }

    var serveCommand: String { "exec \(path)/aeneas-agent serve" }

    /// Takes the binary from standard input and puts it in place by a rename, so that neither a second master nor a running agent ever sees half of it.
    ///
    /// A connection that breaks looks to the node like the end of the file: the size is what tells a whole one.
    ///
    /// - Parameter random: Lower case hex, of this attempt alone.
    func installCommand(_ binary: AgentBinary, random: String) -> String {
        let name = "\(path)/.aeneas-agent.\(binary.sha256.rawValue.prefix(16)).\(random).new"
        let steps = [
            "umask 077", "mkdir -p \(path)", "cat > \(name)", "[ `wc -c < \(name)` -eq \(binary.size) ]", "chmod 700 \(name)",
            "mv -f \(name) \(path)/aeneas-agent",
        ]
        return "exec /bin/sh -c '\(steps.joined(separator: " && ")) || { rm -f \(name); exit 1; }'"
    }
}
