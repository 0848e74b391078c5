import BackupModel
import Catalog
import NodeDispatch

/// Where a node's agent and its Cassandra are found, from the cluster's settings. The JMX password is read from its file each time: it is kept nowhere.
struct ClusterAccess: Sendable {
    let settings: ClusterSettings

    /// - Parameter address: The node's in the cluster.
    func target(_ address: String) throws -> NodeTarget {
        let own = settings.nodeOverrides[address]
        return NodeTarget(
            address: try own?.sshHost ?? HostAddress(address), port: own?.sshPort ?? settings.ssh.port, user: settings.ssh.user, keyFile: settings.ssh.keyFile,
            agentFolder: settings.ssh.agentFolder, name: address)
    }

    func access(_ address: String) throws -> NodeAccess {
        let own = settings.nodeOverrides[address]
        var access = NodeAccess(jmxHost: own?.jmxHost ?? settings.jmx.host, jmxPort: own?.jmxPort ?? settings.jmx.port)
        if let file = settings.jmx.credentialsFile { (access.jmxUser, access.jmxPassword) = try JMXCredentials.read(file) }
        if settings.jmx.tls { access.tls = NodeAccess.TLS(caFile: settings.jmx.tlsCAFile) }
        return access
    }

    /// The cluster's command with the node's own address and id in it, each argument by itself.
    static func command(_ command: [String], address: String, hostID: HostID) -> [String] {
        command.map { argument in
            switch argument {
            case "{address}": address
            case "{host_id}": hostID.rawValue
            default: argument
            }
        }
    }
}

/// "user password", parted by white space, as `nodetool -pwf` reads it.
enum JMXCredentials {
    static func read(_ path: String) throws -> (String, String) {
        let text = String(decoding: try SecretFile.read(path, what: "JMX credentials"), as: UTF8.self)
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 2 else {
            throw Failure("cluster.jmx-credentials", "'\(path)' holds \(words.count) words instead of a user and a password", hint: "write one line: USER PASSWORD")
        }
        return (String(words[0]), String(words[1]))
    }
}
