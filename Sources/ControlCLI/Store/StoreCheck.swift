import BackupModel
import ControlAPI

extension Command {
    static let storeCheck = Command("check", "Read, write and clear a probe in a store, from the master", operands: [.name("store")]) { context in
        let check = try context.client.post("/stores/\(context.name("name", as: StoreName.self))/check", as: StoreCheckBody.self)
        context.show(check) { StoreText.check(check) }
        return .done
    }
}
