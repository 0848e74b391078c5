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
        options: [.value("contact", as: "HOST", required: true, help: "a node of the cluster, as its other nodes know it")] + ClusterSettingOptions.table + [
            .flag("accept-new-host-keys", help: "pin the keys of hosts that are not known yet; changed ones are refused all the same")
        ],
        operands: [.name("cluster")],
        examples: [
            CommandExample("aeneas cluster add shop --contact 10.0.0.1 --ssh-user cassandra --ssh-key /etc/aeneas/id_ed25519 --store prod", "Register 'shop' by its node 10.0.0.1"),
            CommandExample("aeneas cluster add test --contact 127.0.0.1 --node 127.0.0.2:ssh-port=2202,jmx-port=7299", "One node listens elsewhere"),
        ]
    ) { context in
        let settings = try ClusterSettingOptions.body(context)
        guard settings.jmxTLS == true || settings.jmxTLSCAFile == nil else { throw UsageFault("--jmx-ca needs --jmx-tls") }
        let body = ClusterAddBody(
            name: try context.name("name"), contact: try HostAddress(context.invocation.value("contact") ?? ""), settings: settings,
            acceptNewHostKeys: context.invocation.flag("accept-new-host-keys"))
        let cluster = try context.client.post("/clusters", body, as: ClusterBody.self)
        context.show(cluster) { "cluster '\(cluster.name)' is registered: \(Amount.count(cluster.nodes.count, "node")), Cassandra \(cluster.release.plain)\n" }
        return .done
    }
}
