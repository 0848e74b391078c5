/// The bytes around each file of a tar archive: POSIX ustar, with a pax header before a name longer than 100 bytes or a size of 8 GiB and more.
///
/// Mode 0644, owner 0, time 0: equal files give equal archives.
enum TarWriter {
    static let block = 512
    static let end = [UInt8](repeating: 0, count: 2 * block)

    /// What stands before the bytes of a file.
    static func header(name: String, size: Int) -> [UInt8] {
        var pax = ""
        if name.utf8.count > 100 { pax += record("path", name) }
        if size > 0o77_777_777_777 { pax += record("size", String(size)) }
        let own = header(name: Array(name.utf8.prefix(100)), size: size > 0o77_777_777_777 ? 0 : size, type: "0")
        guard !pax.isEmpty else { return own }
        let records = Array(pax.utf8)
        return header(name: Array("pax".utf8), size: records.count, type: "x") + records + padding(after: records.count) + own
    }

    static func padding(after size: Int) -> [UInt8] { [UInt8](repeating: 0, count: (block - size % block) % block) }

    /// Of a whole archive.
    static func size(of files: [(name: String, size: Int)]) -> Int {
        files.reduce(end.count) { $0 + header(name: $1.name, size: $1.size).count + $1.size + padding(after: $1.size).count }
    }

    /// A pax record tells its own length, its digits counted too.
    private static func record(_ key: String, _ value: String) -> String {
        let rest = key.utf8.count + value.utf8.count + 3
        var length = rest + 1
        while rest + String(length).count != length { length = rest + String(length).count }
        return "\(length) \(key)=\(value)\n"
    }

    private static func header(name: [UInt8], size: Int, type: Character) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: block)
        func put(_ text: some Sequence<UInt8>, at offset: Int) {
            for (index, byte) in text.enumerated() { bytes[offset + index] = byte }
        }
        func octal(_ value: Int, _ digits: Int) -> String {
            let text = String(value, radix: 8)
            return String(repeating: "0", count: digits - text.count) + text
        }
        put(name, at: 0)
        put("0000644\0".utf8, at: 100)
        put("0000000\0".utf8, at: 108)
        put("0000000\0".utf8, at: 116)
        put(octal(size, 11).utf8, at: 124)
        put("00000000000\0".utf8, at: 136)
        put("        ".utf8, at: 148)
        put(type.utf8, at: 156)
        put("ustar\0".utf8, at: 257)
        put("00".utf8, at: 263)
        put((octal(bytes.reduce(0) { $0 + Int($1) }, 6) + "\0 ").utf8, at: 148)
        return bytes
    }
}
