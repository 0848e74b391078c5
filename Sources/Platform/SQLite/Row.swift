/// One row of an answer, valid by itself.
package struct Row: Sendable {
    let columns: [String: Int]
    let values: [SQLValue]

    /// - Throws: `ColumnError` when there is no such column or its value is not one of the type asked for.
    package subscript<Value: SQLConvertible>(column: String) -> Value {
        get throws {
            guard let index = columns[column] else { throw ColumnError(column: column, detail: "is not in the answer") }
            guard let value = Value(sqlValue: values[index]) else { throw ColumnError(column: column, detail: "holds no \(Value.self)") }
            return value
        }
    }
}
