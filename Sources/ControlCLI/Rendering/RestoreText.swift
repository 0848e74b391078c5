import BackupModel
import ControlAPI

enum RestoreText {
    static func list(_ restores: [RestoreBody]) -> String {
        guard !restores.isEmpty else { return "no restores\n" }
        return TextTable(
            ["ID", "CLUSTER", "KIND", "STATE", "BACKUP", "CREATED", "NODES"],
            restores.map { [$0.id.rawValue, $0.cluster.rawValue, $0.kind.rawValue, $0.state, $0.backup.rawValue, $0.created.text, nodes($0)] }
        ).text
    }

    private static func nodes(_ restore: RestoreBody) -> String { restore.nodes.count <= 3 ? restore.nodes.map(\.address).joined(separator: ", ") : "\(restore.nodes.count)" }

    static func one(_ restore: RestoreBody) -> String {
        let facts = [
            ["cluster", restore.cluster.rawValue], ["kind", restore.kind.rawValue], ["state", restore.state], ["backup", restore.backup.rawValue], ["created", restore.created.text],
            ["updated", restore.updated.text],
        ]
        let nodes = TextTable(["ADDRESS", "STEP", "HOST ID"], restore.nodes.map { [$0.address, $0.step, $0.hostID.rawValue] }).text
        return "restore \(restore.id)\n" + TextTable([], facts, indent: 2).text + "\n" + nodes + next(restore) + (restore.plan.map { "\nas it was planned:\n" + PlanText($0).text } ?? "")
    }

    /// What can be done now; empty when all is over.
    static func next(_ restore: RestoreBody) -> String {
        switch restore.state {
        case "awaiting-decision":
            """

            what was set aside is still on the nodes and takes space there:
              aeneas restore drop \(restore.id)      removes it
              aeneas restore keep \(restore.id)      leaves it to you
              aeneas restore rollback \(restore.id)  puts it back in place of what was restored

            """
        case "failed", "interrupted":
            """

            it can go on or be undone:
              aeneas restore resume \(restore.id)
              aeneas restore rollback \(restore.id)

            """
        default: ""
        }
    }
}
