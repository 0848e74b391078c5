package import BackupModel
package import SQLite

// How our own types stand in columns: names and states as text, times as milliseconds, whole values as JSON text.

extension ClusterID: SQLConvertible {}
extension ClusterName: SQLConvertible {}
extension StoreName: SQLConvertible {}
extension ApplicationName: SQLConvertible {}
extension HostID: SQLConvertible {}
extension RunID: SQLConvertible {}
extension JobID: SQLConvertible {}
extension BackupID: SQLConvertible {}
extension RestoreID: SQLConvertible {}
extension PauseID: SQLConvertible {}
extension RunKind: SQLConvertible {}
extension RunState: SQLConvertible {}
extension StageState: SQLConvertible {}
extension BackupState: SQLConvertible {}
extension NodeBackupState: SQLConvertible {}
extension RestoreKind: SQLConvertible {}
extension RestoreState: SQLConvertible {}
extension PauseState: SQLConvertible {}
extension PauseCall.Name: SQLConvertible {}
extension BackupDescription.Consistency: SQLConvertible {}
extension Note.Level: SQLConvertible {}

extension Timestamp: SQLConvertible {
    package var sqlValue: SQLValue { .integer(milliseconds) }
    package init?(sqlValue value: SQLValue) {
        guard case .integer(let milliseconds) = value else { return nil }
        self.init(milliseconds: milliseconds)
    }
}

extension PauseTarget: SQLConvertible {
    package var sqlValue: SQLValue { .text(description) }
    package init?(sqlValue value: SQLValue) {
        guard case .text(let text) = value, let target = try? PauseTarget(text) else { return nil }
        self = target
    }
}

func json(_ value: some Encodable) -> String { String(decoding: JSONText.encode(value), as: UTF8.self) }
func json(_ value: (some Encodable)?) -> String? { value.map { String(decoding: JSONText.encode($0), as: UTF8.self) } }

extension Row {
    func json<Value: Decodable>(_ column: String) throws -> Value {
        let text: String = try self[column]
        return try decode(text, column)
    }

    func jsonIfPresent<Value: Decodable>(_ column: String) throws -> Value? {
        let text: String? = try self[column]
        return try text.map { try decode($0, column) }
    }

    private func decode<Value: Decodable>(_ text: String, _ column: String) throws -> Value {
        do { return try JSONText.decode(Value.self, from: Array(text.utf8)) } catch { throw ColumnError(column: column, detail: error.description) }
    }
}
