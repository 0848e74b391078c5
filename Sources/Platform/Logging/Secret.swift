/// A value that never prints itself: not by description, interpolation, reflection or `dump`, and it has no `Encodable`.
package struct Secret<Value> {
    /// The value itself; its use should be easy to find by this name.
    package let exposed: Value

    package init(_ value: Value) { exposed = value }
}

extension Secret: Sendable where Value: Sendable {}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<redacted>" }
    package var debugDescription: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>(), displayStyle: .struct) }
}
