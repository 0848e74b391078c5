/// What a stream says about a class: which fields it writes, and whether it writes anything beside them.
final class ClassDescriptor {
    struct Field {
        let type: UInt8
        let name: String
    }

    let name: String
    let fields: [Field]
    private let flags: UInt8
    private let ancestors: [ClassDescriptor]

    init(name: String, flags: UInt8, fields: [Field], ancestors: [ClassDescriptor]) {
        self.name = name
        self.flags = flags
        self.fields = fields
        self.ancestors = ancestors
    }

    /// From the top ancestor down to the class itself: the order of an object's data.
    var ancestry: [ClassDescriptor] { ancestors + [self] }

    var isSerializable: Bool { flags & 2 != 0 }
    var isExternalizable: Bool { flags & 4 != 0 }
    var writesBlocks: Bool { flags & 8 != 0 }
    var hasContents: Bool { isExternalizable || flags & 1 != 0 }
}
