/// Java's own UTF-8: each UTF-16 unit by itself in one to three bytes, and U+0000 in two.
enum ModifiedUTF8 {
    static func encode(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for unit in text.utf16 {
            switch unit {
            case 0x01...0x7f: bytes.append(UInt8(unit))
            case 0x00, 0x80...0x7ff: bytes += [0xc0 | UInt8(unit >> 6), 0x80 | UInt8(unit & 0x3f)]
            default: bytes += [0xe0 | UInt8(unit >> 12), 0x80 | UInt8(unit >> 6 & 0x3f), 0x80 | UInt8(unit & 0x3f)]
            }
        }
        return bytes
    }

    /// Returns nil for bytes that no encoder writes. A surrogate without its partner becomes U+FFFD.
    static func decode(_ bytes: [UInt8]) -> String? {
        if bytes.allSatisfy({ $0 < 0x80 }) { return String(decoding: bytes, as: UTF8.self) }
        var units: [UInt16] = []
        units.reserveCapacity(bytes.count)
        var index = 0
        func continuation(_ offset: Int) -> UInt16? {
            let place = index + offset
            guard place < bytes.count, bytes[place] & 0xc0 == 0x80 else { return nil }
            return UInt16(bytes[place] & 0x3f)
        }
        while index < bytes.count {
            let first = UInt16(bytes[index])
            switch first {
            case 0x00...0x7f:
                units.append(first)
                index += 1
            case 0xc0...0xdf:
                guard let second = continuation(1) else { return nil }
                units.append((first & 0x1f) << 6 | second)
                index += 2
            case 0xe0...0xef:
                guard let second = continuation(1), let third = continuation(2) else { return nil }
                units.append((first & 0x0f) << 12 | second << 6 | third)
                index += 3
            default: return nil
            }
        }
        return String(decoding: units, as: UTF16.self)
    }
}
