import BackupModel
import CommandParser
import ControlAPI

extension Command {
    static let applicationAdd = Command(
        "add", "Make an application known that can be paused",
        discussion: """
            An application is a set of ScalarDB Servers, ScalarDB Cluster nodes or ScalarDL Ledgers that are paused together through their scalar-admin port. Each instance is named by its own \
            address: a load balancer would pause one of them and answer for all.

            Nothing is paused, and nobody is asked, until 'aeneas application check' or a pause.
            """,
        options: ApplicationSettingOptions.table, operands: [.name("application")],
        examples: [
            CommandExample("aeneas application add shop --target 10.0.1.1:60051 --target 10.0.1.2:60051", "Two ScalarDB Servers"),
            CommandExample("aeneas application add ledger --target 10.0.2.1:50053 --target 10.0.2.2:50053 --tls --ca-file /etc/aeneas/ledger-ca.pem", "Two ScalarDL Ledgers behind TLS"),
        ]
    ) { context in
        let settings = try ApplicationSettingOptions.body(context)
        try ApplicationSettingOptions.check(settings)
        let application = try context.client.post("/applications", ApplicationAddBody(name: try context.name("name"), settings: settings), as: ApplicationBody.self)
        context.show(application) {
            "application '\(application.name)' is known: \(ApplicationText.instances(application.settings))\n" + "see whether its instances answer: aeneas application check \(application.name)\n"
        }
        return .done
    }
}
