import SQLite

/// A numbered step of the schema. `PRAGMA user_version` is the number of the last one taken.
struct Migration {
    /// Every step, in order; step n leads from version n - 1 to n. A step that was ever released is never changed.
    static let all = [Migration(PackageResources._001_first_sql), Migration(PackageResources._002_pauses_sql)]
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
        for (index, migration) in steps.enumerated().dropFirst(found) { try connection.take(migration, as: index + 1) }
    }
}

extension Connection {
    /// Foreign keys are not enforced meanwhile, so that a step can make a table anew that others refer to; they are checked before the step is kept.
    fileprivate func take(_ migration: Migration, as number: Int) throws {
        // Inside a transaction the pragma would do nothing.
        try run("PRAGMA foreign_keys = OFF")
        defer { try? run("PRAGMA foreign_keys = ON") }
        try transaction {
            try run(migration.script)
            let dangling = try row("PRAGMA foreign_key_check") { row in "a row of '\(try row["table"] as String)' to '\(try row["parent"] as String)'" }
            if let dangling { throw CatalogError.danglingReference(detail: "\(dangling), after step \(number) of the schema") }
            try run("PRAGMA application_id = \(Migration.applicationID); PRAGMA user_version = \(number)")
        }
    }

    /// Copies the database into a file that only its owner can read.
    func copyPrivately(to target: String) throws {
        try createPrivateFile(at: target)
        try copy(to: target)
    }
}
