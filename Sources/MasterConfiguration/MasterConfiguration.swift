
/// What aeneasd runs with, complete. Each value comes from its flag, else its environment variable, else the configuration file, else its default.
package struct MasterConfiguration: Sendable, Equatable {
    /// One setting by its name in the file; flag and variable follow from it: `ssh_key`, `--ssh-key`, `AENEASD_SSH_KEY`.
    package struct Setting: Sendable {
        package let name: String
        package let placeholder: String
        package let fallback: String
        package let help: String
        package var option: String { name.split(separator: "_").joined(separator: "-") }
        package var variable: String { "AENEASD_" + name.uppercased() }
    }

    package static let settings: [Setting] = [
        Setting(name: "state_folder", placeholder: "DIR", fallback: "/var/lib/aeneas", help: "catalogue, pinned host keys and token; for the master's user alone"),
        Setting(name: "socket", placeholder: "PATH", fallback: "/run/aeneas/aeneasd.sock", help: "Unix socket of the REST interface"),
        Setting(name: "socket_group", placeholder: "GROUP", fallback: "", help: "group that may use the socket; empty: the master's own"),
        Setting(name: "listen", placeholder: "ADDRESS:PORT", fallback: "", help: "also listen there over TCP, on loopback only, with the token in the state folder; empty: no TCP"),
        Setting(name: "agent", placeholder: "FILE", fallback: "", help: "the aeneas-agent to bring to the nodes; empty: beside aeneasd, or in ../libexec/aeneas"),
        Setting(name: "ssh_user", placeholder: "USER", fallback: "aeneas", help: "login on the nodes of a cluster that names none"),
        Setting(name: "ssh_key", placeholder: "FILE", fallback: "/etc/aeneas/id_ed25519", help: "private key of a cluster that names none"),
        Setting(name: "log_level", placeholder: "LEVEL", fallback: "info", help: "debug, info, notice, warning or error"),
        Setting(name: "log_format", placeholder: "FORMAT", fallback: "text", help: "text or json")
    ]

    package var stateFolder: String
    package var socket: String
    package var socketGroup: String?
    package var listen: ListenAddress?
    package var agent: String?
    package var sshUser: String
    package var sshKey: String
    package var logLevel: String
    package var logFormat: String
    /// Where each value came from, by name: `flag`, `environment`, `file`, `default`.
    package var sources: [String: String]

    package var catalogue: String { stateFolder + "/catalogue.sqlite" }
    package var knownHosts: String { stateFolder + "/known_hosts" }
    package var tokenFile: String { stateFolder + "/token" }

    package func value(of name: String) -> String {
        switch name {
        case "state_folder": stateFolder
        case "socket": socket
        case "socket_group": socketGroup ?? ""
        case "listen": listen?.description ?? ""
        case "agent": agent ?? ""
        case "ssh_user": sshUser
        case "ssh_key": sshKey
        case "log_level": logLevel
        case "log_format": logFormat
        default: preconditionFailure("no setting '\(name)'")
        }
    }
}

/// A loopback address in numbers, and a port.
package struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
    package var address: String
    package var port: UInt16
    package var description: String { address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)" }

    /// - Returns: nil unless `text` is `127.x.y.z:PORT` or `[::1]:PORT`.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        guard host == "::1" || (parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }) else { return nil }
        (address, self.port) = (host, port)
    }
}

package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    package var description: String
    package var hint: String?
    package init(_ description: String, hint: String? = nil) {
        self.description = description
        self.hint = hint
    }
}
