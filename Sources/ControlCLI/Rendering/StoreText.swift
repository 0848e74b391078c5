import BackupModel
import ControlAPI

enum StoreText {
    static func list(_ stores: [StoreBody]) -> String {
        guard !stores.isEmpty else { return "no store is known: see 'aeneas store add --help'\n" }
        return TextTable(["NAME", "KIND", "PLACE", "ID"], stores.map { [$0.name.rawValue, $0.kind.rawValue, place($0), $0.storeID?.rawValue ?? "-"] }).text
    }

    static func place(_ store: StoreBody) -> String {
        switch store.kind {
        case .folder: store.path ?? "?"
        case .s3: "s3://\(store.bucket ?? "?")/\(store.prefix ?? "") at \(store.endpoint ?? "?")"
        }
    }

    static func check(_ check: StoreCheckBody) -> String {
        var facts = [["id", check.storeID.rawValue], ["creates only what is not there", check.conditionalCreate ? "yes" : "NO: two masters on it would not see each other"]]
        if let offset = check.clockOffsetMilliseconds { facts.append(["its clock minus the master's", "\(offset) ms"]) }
        return "store at \(check.place.plain) can be read, written and cleared\n" + TextTable([], facts, indent: 2).text
    }
}
