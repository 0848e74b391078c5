/// How the classes of Java's library (and of Guava, which Cassandra returns) lay themselves out, one case each; an object of any other class stays as it is.
extension JavaObject {
    /// - Parameter ancestry: The class and those above it, in any order.
    func unfolded(ancestry: [String]) -> JavaValue {
        for name in [className] + ancestry.reversed() {
            if let value = unfolded(as: name) { return value }
        }
        return .object(self)
    }

    private func unfolded(as name: String) -> JavaValue? {
        switch name {
        case "java.lang.Boolean", "java.lang.Byte", "java.lang.Short", "java.lang.Integer", "java.lang.Long", "java.lang.Float", "java.lang.Double",
            "java.lang.Character":
            return self["value"]
        case "java.util.HashMap", "java.util.TreeMap", "java.util.Hashtable", "java.util.concurrent.ConcurrentHashMap",
            "java.util.concurrent.ConcurrentSkipListMap":
            return .map(entries(values(of: name)))
        case "java.util.HashSet", "java.util.ArrayList", "java.util.LinkedList", "java.util.ArrayDeque", "java.util.Vector",
            "java.util.concurrent.CopyOnWriteArrayList":
            return .list(name == "java.util.Vector" ? elements("elementData", count: self["elementCount"]) : values(of: name))
        case "java.util.TreeSet":
            return .list(Array(values(of: name).dropFirst()))  // the comparator
        case "java.util.CollSer":
            guard case .int(let tag) = self["tag"] else { return nil }
            return tag & 0xff == 3 ? .map(entries(values(of: name))) : .list(values(of: name))
        case "java.util.Arrays$ArrayList": return self["a"]
        case "javax.management.ObjectName":
            guard case .string(let text) = values(of: name).first else { return nil }
            return .objectName(text)
        case "javax.management.openmbean.CompositeDataSupport": return self["contents"]
        case "javax.management.openmbean.TabularDataSupport":
            guard case .map(let rows) = self["dataMap"] else { return nil }
            return .list(rows.map(\.value))
        case "java.util.UUID": return uuid
        case "java.net.InetAddress":
            guard case .int(let address) = self["address"] else { return nil }
            return .string([24, 16, 8, 0].map { String(UInt32(bitPattern: address) >> $0 & 0xff) }.joined(separator: "."))
        default: return wrapped(by: name)
        }
    }

    private func wrapped(by name: String) -> JavaValue? {
        if name.hasPrefix("java.util.Collections$Empty") { return name.hasSuffix("Map") ? .map([]) : .list([]) }
        if name == "java.util.Collections$SingletonMap" { return .map([JavaEntry(key: self["k"], value: self["v"])]) }
        if name.hasPrefix("java.util.Collections$Singleton") { return .list([self["element"]]) }
        if name.hasPrefix("java.util.Collections$") { return ["list", "c", "m"].lazy.compactMap { fields[$0] }.first }
        guard name.hasPrefix("com.google.common.collect.Immutable") else { return nil }
        if let elements = fields["elements"] { return elements }
        guard case .list(let keys) = self["keys"], case .list(let values) = self["values"], keys.count == values.count else { return nil }
        return .map(zip(keys, values).map { JavaEntry(key: $0, value: $1) })
    }

    /// The values that class `name` wrote beside its fields, without the numbers between them.
    private func values(of name: String) -> [JavaValue] {
        (extras[name] ?? []).compactMap { if case .value(let value) = $0 { value } else { nil } }
    }

    private func entries(_ values: [JavaValue]) -> [JavaEntry] {
        // ConcurrentHashMap ends in two nulls, which are no entry: none of its keys is null.
        stride(from: 0, to: values.count - 1, by: 2).compactMap { index in
            values[index] == .null && values[index + 1] == .null ? nil : JavaEntry(key: values[index], value: values[index + 1])
        }
    }

    private func elements(_ field: String, count: JavaValue) -> [JavaValue] {
        guard case .list(let items) = self[field], case .int(let count) = count else { return [] }
        return Array(items.prefix(max(0, Int(count))))
    }

    private var uuid: JavaValue? {
        guard case .long(let high) = self["mostSigBits"], case .long(let low) = self["leastSigBits"] else { return nil }
        let digits = [high, low].map { half in
            let text = String(UInt64(bitPattern: half), radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }.joined()
        var text = ""
        for (index, digit) in digits.enumerated() { text += [8, 12, 16, 20].contains(index) ? "-\(digit)" : "\(digit)" }
        return .string(text)
    }
}
