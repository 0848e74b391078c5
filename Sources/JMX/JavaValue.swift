/// A value that came from Java. Common classes are unfolded; any other is `object`, its fields by name.
package enum JavaValue: Hashable, Sendable {
    case null
    /// String, Character, enum constants, UUID and addresses (as texts).
    case string(String)
    case bool(Bool)
    /// Integer, Short and Byte.
    case int(Int32)
    case long(Int64)
    /// Double and Float.
    case double(Double)
    case bytes([UInt8])
    /// Arrays, lists, sets, and the rows of tabular data, in the order sent.
    case list([JavaValue])
    /// Maps and composite data, in the order sent.
    case map([JavaEntry])
    case objectName(String)
    case object(JavaObject)
    /// A reference to an object that contains it, such as an exception that is its own cause.
    case enclosing(className: String)

    /// The kind of value in words, for messages.
    package var kind: String {
        switch self {
        case .null: "null"
        case .string: "a string"
        case .bool: "a boolean"
        case .int: "an int"
        case .long: "a long"
        case .double: "a double"
        case .bytes: "bytes"
        case .list: "a list"
        case .map: "a map"
        case .objectName: "an object name"
        case .object(let object): object.className
        case .enclosing(let name): "a reference to the enclosing \(name)"
        }
    }
}

package struct JavaEntry: Hashable, Sendable {
    package let key: JavaValue
    package let value: JavaValue
}

/// An instance of a class that is not unfolded.
package struct JavaObject: Hashable, Sendable {
    package let className: String
    /// By field name; a field of a subclass hides its ancestor's of the same name.
    package let fields: [String: JavaValue]
    /// What the classes wrote beside their fields, by class name.
    let extras: [String: [Content]]

    package subscript(field: String) -> JavaValue { fields[field] ?? .null }

    /// One item written by a class's own `writeObject`.
    enum Content: Hashable, Sendable {
        case block([UInt8])
        case value(JavaValue)
    }
}
