/// An argument of an operation, or a new value of an attribute.
package enum JavaArgument: Hashable, Sendable {
    case null
    case string(String)
    case bool(Bool)
    case int(Int32)
    case long(Int64)
    /// A Java array of String; also what a `String...` parameter takes.
    case strings([String])
    /// A `java.util.Map` of texts.
    case map([String: String])
    /// A `java.util.Set` of texts.
    case set(Set<String>)

    /// The type that an operation's parameter usually has for it; a parameter of a boxed type is spelled out by the caller.
    package var typeName: String {
        switch self {
        case .null, .string: "java.lang.String"
        case .bool: "boolean"
        case .int: "int"
        case .long: "long"
        case .strings: "[Ljava.lang.String;"
        case .map: "java.util.Map"
        case .set: "java.util.Set"
        }
    }
}
