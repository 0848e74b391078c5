import BackupModel
import Catalog

/// Refuses settings that cannot work, before anything is touched.
enum SettingsCheck {
    static func check(_ settings: ClusterSettings) throws {
        try port(settings.ssh.port, "SSH port")
        try port(settings.jmx.port, "JMX port")
        for (address, own) in settings.nodeOverrides {
            _ = try HostAddress(address)
            if let ssh = own.sshPort { try port(ssh, "SSH port of \(address)") }
            if let jmx = own.jmxPort { try port(jmx, "JMX port of \(address)") }
            if let host = own.jmxHost { _ = try HostAddress(host) }
        }
        _ = try HostAddress(settings.jmx.host)
        try window(settings)
        try user(settings.ssh.user)
        guard settings.ssh.keyFile.hasPrefix("/") else { throw bad("the SSH key '\(settings.ssh.keyFile)' is not an absolute path", "give the path on the master") }
        try agentFolder(settings.ssh.agentFolder)
        for (command, name) in [(settings.stopCommand, "stop"), (settings.startCommand, "start")] {
            guard let program = command.first, !program.isEmpty, !program.hasPrefix("-"), !command.contains(where: { $0.utf8.contains(0) }) else {
                throw bad("the \(name) command has no program", "such as: systemctl \(name) cassandra")
            }
        }
        guard (1...64).contains(settings.transfer.workers) else { throw bad("\(settings.transfer.workers) workers; 1 to 64 are possible", nil) }
        if let rate = settings.transfer.bytesPerSecond, rate < 65_536 { throw bad("a rate of \(rate) bytes a second is below 64 KiB", nil) }
        for (seconds, name) in [(settings.stopTimeoutSeconds, "stop"), (settings.startTimeoutSeconds, "start"), (settings.repairTimeoutSeconds, "repair")] where seconds < 1 {
            throw bad("the \(name) timeout of \(seconds) seconds is too short", nil)
        }
    }

    private static func port(_ port: Int, _ name: String) throws {
        guard (1...65_535).contains(port) else { throw bad("\(name) \(port) is not between 1 and 65535", nil) }
    }

    private static func user(_ user: String) throws {
        let sound = (1...64).contains(user.utf8.count) && user.utf8.first != UInt8(ascii: "-") && user.unicodeScalars.allSatisfy { $0.properties.isAlphabetic || "0123456789._-$@\\".unicodeScalars.contains($0) }
        guard sound else { throw bad("not a user name: \(quoted(user))", nil) }
    }

    /// It stands in the one remote command, before a shell.
    private static func agentFolder(_ folder: String) throws {
        let parts = folder.split(separator: "/")
        let sound = !parts.isEmpty && folder.utf8.count <= 1024 && !folder.hasPrefix("-") && parts.allSatisfy { $0 != ".." && !$0.hasPrefix("-") && $0.utf8.count <= 255 }
            && folder.unicodeScalars.allSatisfy { scalar in scalar.isASCII && (scalar.properties.isAlphabetic || "0123456789._-/".unicodeScalars.contains(scalar)) }
        guard sound else { throw bad("not a folder for the agent: \(quoted(folder))", "letters, digits, '.', '_', '-' and '/' only, without '..', at most 255 in a name") }
    }

    private static func bad(_ summary: String, _ hint: String?) -> Failure { Failure("cluster.bad-settings", summary, hint: hint) }
}
