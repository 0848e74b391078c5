package import BackupModel

/// How a cluster's nodes are reached, stopped and started, and where their backups go. What JSON leaves out has the default.
package struct ClusterSettings: Codable, Hashable, Sendable {
    package var ssh: SSHSettings
    package var jmx: JMXSettings
    /// Program and arguments, run by the agent without a shell.
    package var stopCommand: [String]
    package var startCommand: [String]
    package var stopTimeoutSeconds: Int
    package var startTimeoutSeconds: Int
    package var repairTimeoutSeconds: Int
    package var transfer: Transfer
    /// Where a backup goes that names no store.
    package var store: StoreName?
    /// What is paused for a consistent backup.
    package var application: ApplicationName?
    /// Whether a backup that does not say is to be consistent.
    package var consistent: Bool
    /// Run inside the window of every consistent backup; what each writes is kept with the backup.
    package var windowCommands: [WindowCommand]
    /// By the node's address in the cluster.
    package var nodeOverrides: [String: NodeOverride]

    package init(
        ssh: SSHSettings, jmx: JMXSettings = JMXSettings(), stopCommand: [String] = ["systemctl", "stop", "cassandra"],
        startCommand: [String] = ["systemctl", "start", "cassandra"],
        stopTimeoutSeconds: Int = 120, startTimeoutSeconds: Int = 600, repairTimeoutSeconds: Int = 86_400, transfer: Transfer = Transfer(),
        store: StoreName? = nil, application: ApplicationName? = nil, consistent: Bool = false, windowCommands: [WindowCommand] = [],
        nodeOverrides: [String: NodeOverride] = [:]
    ) {
        self.ssh = ssh
        self.jmx = jmx
        self.stopCommand = stopCommand
        self.startCommand = startCommand
        self.stopTimeoutSeconds = stopTimeoutSeconds
        self.startTimeoutSeconds = startTimeoutSeconds
        self.repairTimeoutSeconds = repairTimeoutSeconds
        self.transfer = transfer
        self.store = store
        self.application = application
        self.consistent = consistent
        self.windowCommands = windowCommands
        self.nodeOverrides = nodeOverrides
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(ssh: try values.decode(SSHSettings.self, forKey: .ssh))
        jmx = try values.decodeIfPresent(JMXSettings.self, forKey: .jmx) ?? jmx
        stopCommand = try values.decodeIfPresent([String].self, forKey: .stopCommand) ?? stopCommand
        startCommand = try values.decodeIfPresent([String].self, forKey: .startCommand) ?? startCommand
        stopTimeoutSeconds = try values.decodeIfPresent(Int.self, forKey: .stopTimeoutSeconds) ?? stopTimeoutSeconds
        startTimeoutSeconds = try values.decodeIfPresent(Int.self, forKey: .startTimeoutSeconds) ?? startTimeoutSeconds
        repairTimeoutSeconds = try values.decodeIfPresent(Int.self, forKey: .repairTimeoutSeconds) ?? repairTimeoutSeconds
        transfer = try values.decodeIfPresent(Transfer.self, forKey: .transfer) ?? transfer
        store = try values.decodeIfPresent(StoreName.self, forKey: .store)
        application = try values.decodeIfPresent(ApplicationName.self, forKey: .application)
        consistent = try values.decodeIfPresent(Bool.self, forKey: .consistent) ?? consistent
        windowCommands = try values.decodeIfPresent([WindowCommand].self, forKey: .windowCommands) ?? windowCommands
        nodeOverrides = try values.decodeIfPresent([String: NodeOverride].self, forKey: .nodeOverrides) ?? nodeOverrides
    }
}

/// A command that the master runs inside the window, such as a dump of a database that belongs to the same application.
package struct WindowCommand: Codable, Hashable, Sendable {
    /// Of what it writes to its standard output.
    package var name: FileName
    /// Program and arguments, run without a shell.
    package var words: [String]

    package init(name: FileName, words: [String]) {
        self.name = name
        self.words = words
    }
}

package struct SSHSettings: Codable, Hashable, Sendable {
    package var user: String
    package var port: Int
    /// On the master: an unencrypted private key.
    package var keyFile: String
    /// On the nodes: absolute, or below the login folder.
    package var agentFolder: String

    package init(user: String, port: Int = 22, keyFile: String, agentFolder: String = "aeneas") {
        self.user = user
        self.port = port
        self.keyFile = keyFile
        self.agentFolder = agentFolder
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(user: try values.decode(String.self, forKey: .user), keyFile: try values.decode(String.self, forKey: .keyFile))
        port = try values.decodeIfPresent(Int.self, forKey: .port) ?? port
        agentFolder = try values.decodeIfPresent(String.self, forKey: .agentFolder) ?? agentFolder
    }
}

/// How an agent reaches the JMX port of the Cassandra beside it.
package struct JMXSettings: Codable, Hashable, Sendable {
    package var host: String
    package var port: Int
    /// On the master: user and password, sent to the agent with each request and kept nowhere else.
    package var credentialsFile: String?
    package var tls: Bool
    /// On the nodes; nil: the system's own authorities.
    package var tlsCAFile: String?

    package init(host: String = "127.0.0.1", port: Int = 7199, credentialsFile: String? = nil, tls: Bool = false, tlsCAFile: String? = nil) {
        self.host = host
        self.port = port
        self.credentialsFile = credentialsFile
        self.tls = tls
        self.tlsCAFile = tlsCAFile
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        host = try values.decodeIfPresent(String.self, forKey: .host) ?? host
        port = try values.decodeIfPresent(Int.self, forKey: .port) ?? port
        credentialsFile = try values.decodeIfPresent(String.self, forKey: .credentialsFile)
        tls = try values.decodeIfPresent(Bool.self, forKey: .tls) ?? tls
        tlsCAFile = try values.decodeIfPresent(String.self, forKey: .tlsCAFile)
    }
}

/// Where one node differs from its cluster's settings.
package struct NodeOverride: Codable, Hashable, Sendable {
    package var sshHost: HostAddress?
    package var sshPort: Int?
    package var jmxHost: String?
    package var jmxPort: Int?

    package init(sshHost: HostAddress? = nil, sshPort: Int? = nil, jmxHost: String? = nil, jmxPort: Int? = nil) {
        self.sshHost = sshHost
        self.sshPort = sshPort
        self.jmxHost = jmxHost
        self.jmxPort = jmxPort
    }
}
