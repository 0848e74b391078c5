package import BackupModel
import SQLite

extension Catalog {
    /// - Throws: `CatalogError.applicationNameTaken`.
    package func addApplication(_ application: ApplicationRecord) throws(CatalogError) {
        try write { db in
            if try db.application(named: application.name) != nil { throw CatalogError.applicationNameTaken(application.name) }
            try db.execute(
                "INSERT INTO application (name, settings, created_at) VALUES (?, ?, ?)", application.name, json(application.settings), application.createdAt)
        }
    }

    /// A pause that is open goes on with what it began with.
    ///
    /// - Throws: `CatalogError.unknown`.
    package func updateApplication(_ name: ApplicationName, settings: ApplicationSettings) throws(CatalogError) {
        try write { db in
            guard try db.execute("UPDATE application SET settings = ? WHERE name = ?", json(settings), name) == 1 else {
                throw CatalogError.unknown(.application, name.rawValue)
            }
        }
    }

    /// Its past pauses stay.
    ///
    /// - Throws: `CatalogError.applicationNamed` while a cluster names it, `.applicationPaused` while a pause of it is open, `.unknown`.
    package func removeApplication(_ name: ApplicationName) throws(CatalogError) {
        try write { db in
            if let cluster = try db.clusters().first(where: { $0.settings.application == name }) {
                throw CatalogError.applicationNamed(name, by: cluster.name)
            }
            if let pause = try db.openPauses().first(where: { $0.application == name }) { throw CatalogError.applicationPaused(name, by: pause.id) }
            guard try db.execute("DELETE FROM application WHERE name = ?", name) == 1 else { throw CatalogError.unknown(.application, name.rawValue) }
        }
    }

    /// - Throws: `CatalogError.unknown`.
    package func application(named name: ApplicationName) throws(CatalogError) -> ApplicationRecord {
        guard let application = try read({ db in try db.application(named: name) }) else { throw .unknown(.application, name.rawValue) }
        return application
    }

    /// By name.
    package func applications() throws(CatalogError) -> [ApplicationRecord] {
        try read { db in try db.rows("SELECT * FROM application ORDER BY name", read: ApplicationRecord.init) }
    }
}

extension Connection {
    func application(named name: ApplicationName) throws -> ApplicationRecord? {
        try row("SELECT * FROM application WHERE name = ?", name, read: ApplicationRecord.init)
    }
}

extension ApplicationRecord {
    fileprivate init(_ row: Row) throws {
        self.init(name: try row["name"], settings: try row.json("settings"), createdAt: try row["created_at"])
    }
}
