/// Writes values of Java's object serialization, protocol version 5, without back references: each value is a constant around its payload.
///
/// Class descriptors carry an annotation that differs by place: a null location directly in a call, nothing inside a `MarshalledObject`.
struct JavaWriter {
    static let streamHeader: [UInt8] = [0xac, 0xed, 0x00, 0x05]

    private(set) var bytes: [UInt8] = []
    private let marshalled: Bool

    init(marshalled: Bool = false) { self.marshalled = marshalled }

    mutating func null() { bytes.append(0x70) }

    mutating func string(_ text: String) {
        let encoded = ModifiedUTF8.encode(text)
        if encoded.count <= UInt16.max {
            bytes.append(0x74)
            bytes.appendBigEndian(UInt16(encoded.count))
        } else {
            bytes.append(0x7c)
            bytes.appendBigEndian(UInt64(encoded.count))
        }
        bytes += encoded
    }

    mutating func strings(_ texts: [String]) {
        array("[Ljava.lang.String;", 0xadd2_56e7_e91d_7b47, count: texts.count)
        for text in texts { string(text) }
    }

    mutating func objectName(_ name: String) {
        object("javax.management.ObjectName", 0x0f03_a71b_eb6d_15cf, flags: 3)
        string(name)
        bytes.append(0x78)
    }

    /// An `ObjectName[]` of one.
    mutating func objectNames(_ name: String) {
        array("[Ljavax.management.ObjectName;", 0x1183_8f54_3538_c9ee, count: 1)
        objectName(name)
    }

    /// An array of one null.
    mutating func arrayOfNull(_ className: String) {
        array(className, 0, count: 1)
        null()
    }

    /// A `MarshalledObject` around one value.
    mutating func marshalled(_ write: (inout JavaWriter) -> Void) {
        var inner = JavaWriter(marshalled: true)
        write(&inner)
        let content = Self.streamHeader + inner.bytes
        object("java.rmi.MarshalledObject", 0x7cbd_1e97_ed63_fc3e, fields: [Field("I", "hash"), Field("[", "locBytes", "[B"), Field("[", "objBytes", "[B")])
        bytes.appendBigEndian(UInt32(13))  // a hash that nobody checks
        null()
        array("[B", 0xacf3_17f8_0608_54e0, count: content.count)
        bytes += content
    }

    /// An `Object[]`.
    mutating func arguments(_ arguments: [JavaArgument]) {
        array("[Ljava.lang.Object;", 0x90ce_589f_1073_296c, count: arguments.count)
        for argument in arguments { value(argument) }
    }

    mutating func attribute(_ name: String, _ value: JavaArgument) {
        object(
            "javax.management.Attribute", 0x2279_b907_538b_3b0e, fields: [Field("L", "name", "Ljava/lang/String;"), Field("L", "value", "Ljava/lang/Object;")])
        string(name)
        self.value(value)
    }

    mutating func value(_ argument: JavaArgument) {
        switch argument {
        case .null: null()
        case .string(let text): string(text)
        case .strings(let texts): strings(texts)
        case .bool(let value):
            object("java.lang.Boolean", 0xcd20_7280_d59c_faee, fields: [Field("Z", "value")])
            bytes.append(value ? 1 : 0)
        case .int(let value):
            number("java.lang.Integer", 0x12e2_a0a4_f781_8738, Field("I", "value"))
            bytes.appendBigEndian(value)
        case .long(let value):
            number("java.lang.Long", 0x3b8b_e490_cc8f_23df, Field("J", "value"))
            bytes.appendBigEndian(value)
        case .map(let entries): map(entries)
        case .set(let elements): set(elements)
        }
    }

    private mutating func map(_ entries: [String: String]) {
        object("java.util.HashMap", 0x0507_dac1_c316_60d1, flags: 3, fields: [Field("F", "loadFactor"), Field("I", "threshold")])
        bytes.appendBigEndian(Float(0.75).bitPattern)
        bytes.appendBigEndian(UInt32(12))
        bytes += [0x77, 8]
        bytes.appendBigEndian(UInt32(16))
        bytes.appendBigEndian(UInt32(entries.count))
        for (key, value) in entries.sorted(by: { $0.key < $1.key }) {
            string(key)
            string(value)
        }
        bytes.append(0x78)
    }

    private mutating func set(_ elements: Set<String>) {
        object("java.util.HashSet", 0xba44_8595_96b8_b734, flags: 3)
        bytes += [0x77, 12]
        bytes.appendBigEndian(UInt32(16))
        bytes.appendBigEndian(Float(0.75).bitPattern)
        bytes.appendBigEndian(UInt32(elements.count))
        for element in elements.sorted() { string(element) }
        bytes.append(0x78)
    }

    private struct Field {
        let type: Unicode.Scalar
        let name: String
        let signature: String?

        init(_ type: Unicode.Scalar, _ name: String, _ signature: String? = nil) {
            self.type = type
            self.name = name
            self.signature = signature
        }
    }

    private mutating func object(_ name: String, _ serial: UInt64, flags: UInt8 = 2, fields: [Field] = []) {
        bytes.append(0x73)
        descriptor(name, serial, flags, fields)
        null()
    }

    private mutating func number(_ name: String, _ serial: UInt64, _ field: Field) {
        bytes.append(0x73)
        descriptor(name, serial, 2, [field])
        descriptor("java.lang.Number", 0x86ac_951d_0b94_e08b, 2, [])
        null()
    }

    private mutating func array(_ name: String, _ serial: UInt64, count: Int) {
        bytes.append(0x75)
        descriptor(name, serial, 2, [])
        null()
        bytes.appendBigEndian(UInt32(count))
    }

    /// Everything but the super class.
    private mutating func descriptor(_ name: String, _ serial: UInt64, _ flags: UInt8, _ fields: [Field]) {
        bytes.append(0x72)
        bytes.appendUTF(name)
        bytes.appendBigEndian(serial)
        bytes.append(flags)
        bytes.appendBigEndian(UInt16(fields.count))
        for field in fields {
            bytes.append(UInt8(ascii: field.type))
            bytes.appendUTF(field.name)
            if let signature = field.signature { string(signature) }
        }
        bytes += marshalled ? [0x78] : [0x70, 0x78]
    }
}

extension [UInt8] {
    mutating func appendBigEndian(_ value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }

    /// A short text with its length in two bytes. Only for texts of ours and addresses; longer ones are cut.
    mutating func appendUTF(_ text: String) {
        let encoded = ModifiedUTF8.encode(text).prefix(Int(UInt16.max))
        appendBigEndian(UInt16(encoded.count))
        append(contentsOf: encoded)
    }
}
