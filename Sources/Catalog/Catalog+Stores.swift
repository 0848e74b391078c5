package import BackupModel
import SQLite

extension Catalog {
    /// - Throws: `CatalogError.storeNameTaken`, `.storeKnown` when its id is that of another.
    package func addStore(_ store: StoreRecord) throws(CatalogError) {
        try write { db in
            if try db.store(named: store.name) != nil { throw CatalogError.storeNameTaken(store.name) }
            try db.checkUnknown(store.id, except: store.name)
            try db.execute(
                "INSERT INTO store (name, store_id, settings, created_at) VALUES (?, ?, ?, ?)", store.name, store.id, json(store.settings), store.createdAt)
        }
    }

    /// - Throws: `CatalogError.unknown`.
    package func store(named name: StoreName) throws(CatalogError) -> StoreRecord {
        guard let store = try read({ db in try db.store(named: name) }) else { throw .unknown(.store, name.rawValue) }
        return store
    }

    /// By name.
    package func stores() throws(CatalogError) -> [StoreRecord] {
        try read { db in try db.rows("SELECT * FROM store ORDER BY name", read: StoreRecord.init) }
    }

    /// - Throws: `CatalogError.storeKnown` when another store has this id.
    package func setStoreID(_ name: StoreName, _ id: ClusterID) throws(CatalogError) {
        try write { db in
            try db.checkUnknown(id, except: name)
            guard try db.execute("UPDATE store SET store_id = ? WHERE name = ?", id, name) == 1 else { throw CatalogError.unknown(.store, name.rawValue) }
        }
    }
}

extension Connection {
    func store(named name: StoreName) throws -> StoreRecord? { try row("SELECT * FROM store WHERE name = ?", name, read: StoreRecord.init) }

    fileprivate func checkUnknown(_ id: ClusterID?, except name: StoreName) throws {
        let other = try row("SELECT name FROM store WHERE store_id = ? AND name <> ?", id, name) { row -> StoreName in try row["name"] }
        if let other { throw CatalogError.storeKnown(as: other) }
    }
}

extension StoreRecord {
    fileprivate init(_ row: Row) throws {
        self.init(name: try row["name"], id: try row["store_id"], settings: try row.json("settings"), createdAt: try row["created_at"])
    }
}
