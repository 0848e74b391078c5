/// Reads Java's object serialization, protocol version 5. Class descriptors describe themselves, so that any class can be read.
///
/// Nothing that the peer sends can trap, recurse or allocate without bound: see `Limits`.
final class JavaReader {
    struct Limits {
        /// Of one reply, so that a mistaken or hostile peer cannot fill the memory.
        var bytes = 256 << 20
        /// Values in one reply: those without content are shorter on the wire than in memory.
        var values = 16_000_000
        /// Nesting, of what is read as of what results through references; both are walked by recursion.
        var depth = 100
    }

    private enum Handle {
        case descriptor(ClassDescriptor)
        case value(JavaValue, height: Int)
        /// An object that is still being read, or a class that is.
        case open(className: String)
    }

    private enum Item {
        case value(JavaValue)
        case block([UInt8])
        case end
    }

    private let source: ReplyBytes
    private let limits: Limits
    private var handles: [Handle] = []
    private var values = 0
    private var depth = 0
    /// Of the value read last: 0 when it holds no other.
    private var height = 0

    init(_ source: ReplyBytes, limits: Limits = Limits()) {
        self.source = source
        self.limits = limits
    }

    func streamHeader() throws(JMXError) {
        guard try source.integer(UInt32.self) == 0xaced_0005 else { throw source.broken("the reply is not a Java serialization stream") }
    }

    func value() throws(JMXError) -> JavaValue {
        guard case .value(let value) = try item() else { throw source.broken("a value is missing") }
        return value
    }

    func block() throws(JMXError) -> [UInt8] {
        guard case .block(let bytes) = try item() else { throw source.broken("a block of data is missing") }
        return bytes
    }

    private func item() throws(JMXError) -> Item {
        depth += 1
        defer { depth -= 1 }
        values += 1
        guard depth <= limits.depth else { throw source.broken("the reply is nested too deeply") }
        guard values <= limits.values else { throw source.broken("the reply holds too many values") }
        height = 0
        let tag = try source.byte()
        switch tag {
        case 0x70: return .value(.null)
        case 0x71: return .value(try reference())
        case 0x73: return .value(try object())
        case 0x74: return .value(try remember(.string(try source.utf())))
        case 0x75: return .value(try array())
        case 0x76: return .value(try remember(.string(try descriptorOrThrow().name)))
        case 0x77: return .block(try source.bytes(Int(try source.byte())))
        case 0x78: return .end
        case 0x7a: return .block(try source.bytes(try count()))
        case 0x7b: throw source.broken("the server failed while writing its reply")
        case 0x7c: return .value(try remember(.string(try source.text(try longCount()))))
        case 0x7e: return .value(try enumConstant())
        default: throw source.broken("unknown tag 0x\(String(tag, radix: 16)) in the reply")
        }
    }

    private func count() throws(JMXError) -> Int {
        let count = try source.integer(Int32.self)
        guard count >= 0 else { throw source.broken("a negative length") }
        return Int(count)
    }

    private func longCount() throws(JMXError) -> Int {
        let count = try source.integer(Int64.self)
        guard count >= 0 else { throw source.broken("a negative length") }
        return Int(count)
    }

    private func remember(_ value: JavaValue) throws(JMXError) -> JavaValue {
        handles.append(.value(value, height: 0))
        return value
    }

    private func open(_ className: String) -> Int {
        handles.append(.open(className: className))
        return handles.count - 1
    }

    private func close(_ handle: Int, _ value: JavaValue, tallest: Int) throws(JMXError) -> JavaValue {
        height = tallest + 1
        // Without this, a chain of references would make a value as deep as the reply is long.
        guard height <= limits.depth else { throw source.broken("the reply is nested too deeply") }
        handles[handle] = .value(value, height: height)
        return value
    }

    private func handle() throws(JMXError) -> Handle {
        let number = try source.integer(UInt32.self)
        guard number >= 0x7e_0000, Int(number - 0x7e_0000) < handles.count else { throw source.broken("a reference to nothing") }
        return handles[Int(number - 0x7e_0000)]
    }

    private func reference() throws(JMXError) -> JavaValue {
        switch try handle() {
        case .value(let value, let itsHeight):
            height = itsHeight
            return value
        case .open(let className): return .enclosing(className: className)
        case .descriptor: throw source.broken("a reference to a class where a value belongs")
        }
    }

    private func enumConstant() throws(JMXError) -> JavaValue {
        let descriptor = try descriptorOrThrow()
        let handle = open(descriptor.name)
        return try close(handle, .string(try value().string(of: "an enum constant")), tallest: 0)
    }

    private func array() throws(JMXError) -> JavaValue {
        let descriptor = try descriptorOrThrow()
        let type = descriptor.name.utf8.dropFirst().first ?? 0
        let handle = open(descriptor.name)
        let count = try count()
        if type == UInt8(ascii: "B") { return try close(handle, .bytes(try source.bytes(count)), tallest: 0) }
        var items: [JavaValue] = []
        var tallest = 0
        for _ in 0..<count {
            items.append(try field(type))
            tallest = max(tallest, height)
        }
        return try close(handle, .list(items), tallest: tallest)
    }

    /// A field or an array's element, by its type's letter.
    private func field(_ type: UInt8) throws(JMXError) -> JavaValue {
        switch Unicode.Scalar(type) {
        case "L", "[": return try value()
        default: break
        }
        values += 1
        height = 0
        guard values <= limits.values else { throw source.broken("the reply holds too many values") }
        switch Unicode.Scalar(type) {
        case "B": return .int(Int32(try source.integer(Int8.self)))
        case "C": return .string(String(decoding: [try source.integer(UInt16.self)], as: UTF16.self))
        case "D": return .double(Double(bitPattern: try source.integer(UInt64.self)))
        case "F": return .double(Double(Float(bitPattern: try source.integer(UInt32.self))))
        case "I": return .int(try source.integer(Int32.self))
        case "J": return .long(try source.integer(Int64.self))
        case "S": return .int(Int32(try source.integer(Int16.self)))
        case "Z": return .bool(try source.byte() != 0)
        default: throw source.broken("an unknown type of field")
        }
    }

    private func object() throws(JMXError) -> JavaValue {
        let descriptor = try descriptorOrThrow()
        let handle = open(descriptor.name)
        var fields: [String: JavaValue] = [:]
        var extras: [String: [JavaObject.Content]] = [:]
        var tallest = 0
        for part in descriptor.ancestry {
            if part.isExternalizable {
                guard part.writesBlocks else { throw source.broken("\(part.name) writes itself in a form that only it can read") }
            } else if part.isSerializable {
                for entry in part.fields {
                    fields[entry.name] = try field(entry.type)
                    tallest = max(tallest, height)
                }
            }
            if part.hasContents {
                extras[part.name] = try contents()
                tallest = max(tallest, height)
            }
        }
        let object = JavaObject(className: descriptor.name, fields: fields, extras: extras)
        return try close(handle, object.unfolded(ancestry: descriptor.ancestry.map(\.name)), tallest: tallest)
    }

    /// Everything until the end mark; `height` is the tallest's afterwards.
    private func contents() throws(JMXError) -> [JavaObject.Content] {
        var contents: [JavaObject.Content] = []
        var tallest = 0
        while true {
            switch try item() {
            case .value(let value): contents.append(.value(value))
            case .block(let bytes): contents.append(.block(bytes))
            case .end:
                height = tallest
                return contents
            }
            tallest = max(tallest, height)
        }
    }

    private func descriptorOrThrow() throws(JMXError) -> ClassDescriptor {
        guard let descriptor = try descriptor() else { throw source.broken("an object without a class") }
        return descriptor
    }

    private func descriptor() throws(JMXError) -> ClassDescriptor? {
        depth += 1
        defer { depth -= 1 }
        guard depth <= limits.depth else { throw source.broken("the reply is nested too deeply") }
        let tag = try source.byte()
        switch tag {
        case 0x70: return nil
        case 0x71:
            guard case .descriptor(let descriptor) = try handle() else { throw source.broken("a reference to something other than a class") }
            return descriptor
        case 0x72: return try classDescriptor()
        case 0x7d: return try proxyDescriptor()
        default: throw source.broken("a class is missing")
        }
    }

    private func classDescriptor() throws(JMXError) -> ClassDescriptor {
        let name = try source.utf()
        _ = try source.bytes(8)
        let handle = open(name)
        let flags = try source.byte()
        var fields: [ClassDescriptor.Field] = []
        for _ in 0..<(try source.integer(UInt16.self)) {
            let type = try source.byte()
            fields.append(ClassDescriptor.Field(type: type, name: try source.utf()))
            if type == UInt8(ascii: "L") || type == UInt8(ascii: "[") { _ = try value() }
        }
        return try finish(handle, name, flags, fields)
    }

    private func proxyDescriptor() throws(JMXError) -> ClassDescriptor {
        let handle = open("a proxy")
        for _ in 0..<(try count()) { _ = try source.utf() }
        return try finish(handle, "a proxy", 2, [])
    }

    private func finish(_ handle: Int, _ name: String, _ flags: UInt8, _ fields: [ClassDescriptor.Field]) throws(JMXError) -> ClassDescriptor {
        _ = try contents()
        let parent = try descriptor()
        let ancestors = parent?.ancestry ?? []
        guard ancestors.count < limits.depth else { throw source.broken("a class has too many ancestors") }
        let descriptor = ClassDescriptor(name: name, flags: flags, fields: fields, ancestors: ancestors)
        handles[handle] = .descriptor(descriptor)
        return descriptor
    }
}
