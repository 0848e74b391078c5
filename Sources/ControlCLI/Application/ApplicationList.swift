import ControlAPI

extension Command {
    static let applicationList = Command("list", "List the known applications") { context in
        let applications = try context.client.get("/applications", as: [ApplicationBody].self)
        context.show(applications) { ApplicationText.list(applications) }
        return .done
    }
}
