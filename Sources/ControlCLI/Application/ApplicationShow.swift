import BackupModel
import ControlAPI

extension Command {
    static let applicationShow = Command("show", "Show an application's settings", operands: [.name("application")]) { context in
        let application = try context.client.get("/applications/\(context.name("name", as: ApplicationName.self))", as: ApplicationBody.self)
        context.show(application) { ApplicationText.one(application) }
        return .done
    }
}
