import SQLite

/// A numbered step of the schema. `PRAGMA user_version` is the number of the last one taken.
struct Migration {
    /// Every step, in order; step n leads from version n - 1 to n. A step that was ever released is never changed.
    static let all = [Migration(PackageResources._001_first_sql)]
    /// "Aene": `PRAGMA application_id` of every catalogue.
    static let applicationID = 0x4165_6E65

    let script: String
    init(script: String) { self.script = script }
    private init(_ bytes: [UInt8]) { script = String(decoding: bytes, as: UTF8.self) }

    /// Takes the steps that are missing, each in a transaction of its own. A catalogue of an older version is first copied beside itself, as `<path>.schema-<n>`.
    ///
    /// - Throws: `CatalogError.newer` when the file has taken steps that this program does not know, `.foreign` when it is another program's.
    static func bringUp(_ connection: Connection, by steps: [Migration] = all) throws {
        let found = try connection.userVersion
        guard found <= steps.count else { throw CatalogError.newer(path: connection.path, found: found, known: steps.count) }
        let isEmpty = try connection.row("SELECT count(*) AS n FROM sqlite_schema") { row -> Int in try row["n"] } == 0
        let application = try connection.row("PRAGMA application_id") { row -> Int in try row["application_id"] }
        guard isEmpty || (application == applicationID && found > 0) else { throw CatalogError.foreign(path: connection.path) }
        if found > 0, found < steps.count { try connection.copyPrivately(to: "\(connection.path).schema-\(found)") }
        for (index, migration) in steps.enumerated().dropFirst(found) {
            try connection.transaction {
                try connection.run(migration.script)
                try connection.run("PRAGMA application_id = \(applicationID); PRAGMA user_version = \(index + 1)")
            }
        }
    }
}

extension Connection {
    /// Copies the database into a file that only its owner can read.
    func copyPrivately(to target: String) throws {
        try createPrivateFile(at: target)
        try copy(to: target)
    }
}
