import BackupModel
import CommandParser
import ControlAPI

/// The settings of a cluster that `cluster add` and `cluster set` have in common.
enum ClusterSettingOptions {
    static let table: [OptionSpec] = [
        .value("ssh-user", as: "USER", help: "login on the nodes, the master's own setting if not given"),
        .sshPort,
        .value("ssh-key", as: "FILE", type: .path, help: "private key, the master's own setting if not given"),
        .value("agent-folder", as: "FOLDER", help: "where agent and jobs live on the nodes, 'aeneas' in the login folder if not given"),
        .value("jmx-host", as: "HOST", help: "where each node's JMX listens, 127.0.0.1 if not given"),
        .value("jmx-port", as: "N", type: .integer, help: "its port, 7199 if not given"),
        .value("jmx-credentials", as: "FILE", type: .path, help: "file with JMX user and password"),
        .flag("jmx-tls", help: "JMX is behind TLS"),
        .value("jmx-ca", as: "FILE", type: .path, help: "authorities to trust for it, on the nodes"),
        .value("stop-command", as: "COMMAND", help: "stops Cassandra, 'systemctl stop cassandra' if not given"),
        .value("start-command", as: "COMMAND", help: "starts Cassandra, 'systemctl start cassandra' if not given"),
        .value("stop-timeout", as: "TIME", type: .duration, help: "for stopping, 2m if not given"),
        .value("start-timeout", as: "TIME", type: .duration, help: "until a started node is up, 10m if not given"),
        .value("repair-timeout", as: "TIME", type: .duration, help: "for the repair of one keyspace, 1d if not given"),
        .value("workers", as: "N", type: .integer, help: "transfers at once on each node"),
        .value("rate", as: "BYTES", type: .byteCount, help: "most bytes a second on each node, unlimited if not given"),
        .value("store", as: "NAME", help: "where backups go that name no store"),
        .value("node", as: "ADDRESS:KEY=VALUE,...", repeats: true, help: "what differs on one node"),
        .value("application", as: "NAME", help: "what runs on the cluster, to be paused for consistent backups"),
        .flag("consistent", help: "backups pause the application unless they say --plain"),
        .with,
    ]

    static func body(_ context: CommandContext) throws -> ClusterSettingsBody {
        let given = context.invocation
        var body = ClusterSettingsBody()
        body.sshUser = given.value("ssh-user")
        body.sshPort = try context.port("ssh-port")
        body.sshKeyFile = try context.absolutePath("ssh-key")
        body.agentFolder = given.value("agent-folder")
        body.jmxHost = try context.name(option: "jmx-host", as: HostAddress.self)?.rawValue
        body.jmxPort = try context.port("jmx-port")
        body.jmxCredentialsFile = try context.absolutePath("jmx-credentials")
        body.jmxTLS = given.flag("jmx-tls") ? true : nil
        body.jmxTLSCAFile = try context.absolutePath("jmx-ca", on: "the nodes")
        body.stopCommand = try given.value("stop-command").map { try CommandWords.split($0, option: "stop-command") }
        body.startCommand = try given.value("start-command").map { try CommandWords.split($0, option: "start-command") }
        body.stopTimeoutSeconds = try context.seconds("stop-timeout")
        body.startTimeoutSeconds = try context.seconds("start-timeout")
        body.repairTimeoutSeconds = try context.seconds("repair-timeout")
        body.workers = try context.integer("workers", in: 1...256)
        body.bytesPerSecond = given.byteCount("rate").map(Int.init)
        body.store = try context.name(option: "store")
        body.nodes = try nodes(given.values("node"))
        body.application = try context.name(option: "application")
        body.consistent = given.flag("consistent") ? true : nil
        let commands = try context.windowCommands()
        body.windowCommands = commands.isEmpty ? nil : commands
        return body
    }

    private static func nodes(_ texts: [String]) throws -> [String: NodeSettingsBody]? {
        var nodes: [String: NodeSettingsBody] = [:]
        for setting in try texts.map(NodeSetting.init) {
            guard nodes.updateValue(setting.settings, forKey: setting.address) == nil else { throw UsageFault("option '--node': \(setting.address) is given more than once") }
        }
        return nodes.isEmpty ? nil : nodes
    }
}
