import BackupModel
import ControlAPI

extension Command {
    static let applicationRemove = Command(
        "remove", "Forget an application", discussion: "Refused while a cluster names it or a pause of it is open. Backups keep what they say about it.", operands: [.name("application")]
    ) { context in
        let application = try context.client.delete("/applications/\(context.name("name", as: ApplicationName.self))", as: ApplicationBody.self)
        context.show(application) { "application '\(application.name)' is forgotten\n" }
        return .done
    }
}
