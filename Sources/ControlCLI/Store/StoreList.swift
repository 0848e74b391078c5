import ControlAPI

extension Command {
    static let storeList = Command("list", "List the stores") { context in
        let stores = try context.client.get("/stores", as: [StoreBody].self)
        context.show(stores) { StoreText.list(stores) }
        return .done
    }
}
