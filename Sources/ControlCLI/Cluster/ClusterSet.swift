import BackupModel
import CommandParser
import ControlAPI

extension Command {
    static let clusterSet = Command(
        "set", "Change a cluster's settings",
        discussion: """
            What is not named stays as it is. --with replaces all commands of the window, --node all settings of single nodes. A run that is in work goes on with the settings that it began with.
            """,
        options: ClusterSettingOptions.table + [
            .flag("no-application", help: "forget which application runs on the cluster"), .flag("no-consistent", help: "backups pause nothing unless they say --consistent"),
            .flag("no-with", help: "run no commands in the window"), .flag("no-store", help: "every backup has to name its store"),
            .flag("no-rate", help: "transfers may take what the network gives"), .flag("no-jmx-credentials", help: "JMX asks for no password"),
            .flag("no-jmx-tls", help: "JMX is not behind TLS"), .flag("no-jmx-ca", help: "trust the system's authorities for it"),
        ],
        operands: [.name("cluster")],
        examples: [
            CommandExample("aeneas cluster set shop --application shop --consistent", "Backups of 'shop' pause the application 'shop' from now on"),
            CommandExample("aeneas cluster set shop --with 'pg=pg_dump --no-password --dbname shop'", "…and keep a dump of the other database"),
        ]
    ) { context in
        let name: ClusterName = try context.name("name"), change = try change(context)
        let cluster = try context.client.patch("/clusters/\(name)/settings", change, as: ClusterBody.self)
        context.show(cluster) { ClusterText.one(cluster) }
        return .done
    }

    private static let removable: [(option: String, field: ClusterSettingsPatch.Removable)] = [
        ("application", .application), ("store", .store), ("jmx-credentials", .jmxCredentialsFile), ("jmx-ca", .jmxTLSCAFile), ("rate", .bytesPerSecond),
    ]

    private static func change(_ context: CommandContext) throws -> ClusterSettingsPatch {
        let given = context.invocation
        for option in removable.map(\.option) + ["consistent", "jmx-tls", "with"] where given.source(option) != nil && given.flag("no-\(option)") {
            throw UsageFault("--\(option) and --no-\(option) exclude each other")
        }
        var patch = ClusterSettingsPatch(changes: try ClusterSettingOptions.body(context))
        if given.flag("no-consistent") { patch.changes.consistent = false }
        if given.flag("no-jmx-tls") { patch.changes.jmxTLS = false }
        if given.flag("no-with") { patch.changes.windowCommands = [] }
        patch.removed = Set(removable.filter { given.flag("no-\($0.option)") }.map(\.field))
        guard patch != ClusterSettingsPatch() else { throw UsageFault("what is to be changed?") }
        return patch
    }
}
