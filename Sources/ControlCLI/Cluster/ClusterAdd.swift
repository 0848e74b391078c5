import BackupModel
import CommandParser
import ControlAPI

extension Command {
    static let clusterAdd = Command(
        "add", "Register a cluster by one of its nodes",
        discussion: """
            The master logs in to the contact host, reads topology, versions and folders from every node, and keeps them. Nothing on the nodes changes.

            Key and credentials files are read by aeneasd on the master's host, the file of --jmx-ca on the nodes.

            Stop and start commands are run on each node by the agent, without a shell: the text is split at spaces, quotes and backslashes join, and {address} and \
            {host_id} stand for the node's.

            --node sets what differs on one node, as ADDRESS:key=value,key=value with the keys ssh-host, ssh-port, jmx-host and jmx-port. The address is the node's in \
            the cluster and ends at the last colon before the first '='; an IPv6 address is written without brackets.
            """,
        options: [
            .value("contact", as: "HOST", required: true, help: "a node of the cluster, as its other nodes know it"),
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
            .flag("accept-new-host-keys", help: "pin the keys of hosts that are not known yet; changed ones are refused all the same"),
        ],
        operands: [.name("cluster")],
        examples: [
            CommandExample("aeneas cluster add shop --contact 10.0.0.1 --ssh-user cassandra --ssh-key /etc/aeneas/id_ed25519 --store prod", "Register 'shop' by its node 10.0.0.1"),
            CommandExample("aeneas cluster add test --contact 127.0.0.1 --node 127.0.0.2:ssh-port=2202,jmx-port=7299", "One node listens elsewhere"),
        ]
    ) { context in
        let body = ClusterAddBody(
            name: try context.name("name"), contact: try HostAddress(context.invocation.value("contact") ?? ""), settings: try settings(context),
            acceptNewHostKeys: context.invocation.flag("accept-new-host-keys"))
        let cluster = try context.client.post("/clusters", body, as: ClusterBody.self)
        context.show(cluster) { "cluster '\(cluster.name)' is registered: \(Amount.count(cluster.nodes.count, "node")), Cassandra \(cluster.release.plain)\n" }
        return .done
    }

    private static func settings(_ context: CommandContext) throws -> ClusterSettingsBody {
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
        guard body.jmxTLS == true || body.jmxTLSCAFile == nil else { throw UsageFault("--jmx-ca needs --jmx-tls") }
        body.stopCommand = try given.value("stop-command").map { try CommandWords.split($0, option: "stop-command") }
        body.startCommand = try given.value("start-command").map { try CommandWords.split($0, option: "start-command") }
        body.stopTimeoutSeconds = seconds(given, "stop-timeout")
        body.startTimeoutSeconds = seconds(given, "start-timeout")
        body.repairTimeoutSeconds = seconds(given, "repair-timeout")
        body.workers = try context.integer("workers", in: 1...256)
        body.bytesPerSecond = given.byteCount("rate").map(Int.init)
        body.store = try context.name(option: "store")
        body.nodes = try nodes(given.values("node"))
        return body
    }

    private static func seconds(_ given: Invocation, _ option: String) -> Int? { given.duration(option).map { max(1, Int($0.components.seconds)) } }

    private static func nodes(_ texts: [String]) throws -> [String: NodeSettingsBody]? {
        var nodes: [String: NodeSettingsBody] = [:]
        for setting in try texts.map(NodeSetting.init) {
            guard nodes.updateValue(setting.settings, forKey: setting.address) == nil else { throw UsageFault("option '--node': \(setting.address) is given more than once") }
        }
        return nodes.isEmpty ? nil : nodes
    }
}
