/// Reads a tar archive given piece by piece. Regular files alone are accepted, ustar or with pax names and sizes; whatever else is in it is an error.
struct TarReader {
    /// What is found, in order: a file's begin, its bytes, the next file's begin …
    enum Part {
        case file(name: String, size: Int)
        case bytes(UnsafeRawBufferPointer)
        case fileEnd
    }

    private enum State {
        case header, body(left: Int), padding(left: Int), pax(left: Int), paxPadding(left: Int), end
    }

    private var state = State.header
    private var held: [UInt8] = []
    private var pax: [String: String] = [:]
    private var zeroBlocks = 0

    init() {}

    /// - Throws: `TarError`, or what `part` throws.
    mutating func feed(_ bytes: UnsafeRawBufferPointer, part: (Part) throws -> Void) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            switch state {
            case .header:
                guard hold(&rest, upTo: TarWriter.block) else { return }
                let block = held
                held = []
                try header(block, part)
            case .body(let left):
                let piece = rest.prefix(left)
                try part(.bytes(UnsafeRawBufferPointer(rebasing: piece)))
                rest = rest.dropFirst(piece.count)
                state = .body(left: left - piece.count)
                if left == piece.count { try fileEnds(part) }
            case .padding(let left):
                let count = min(left, rest.count)
                rest = rest.dropFirst(count)
                state = left == count ? .header : .padding(left: left - count)
            case .pax(let left):
                guard hold(&rest, upTo: left) else { return }
                try readPax(held)
                let padding = TarWriter.padding(after: held.count).count
                held = []
                state = padding == 0 ? .header : .paxPadding(left: padding)
            case .paxPadding(let left):
                let count = min(left, rest.count)
                rest = rest.dropFirst(count)
                state = left == count ? .header : .paxPadding(left: left - count)
            case .end:
                guard rest.allSatisfy({ $0 == 0 }) else { throw TarError("bytes after its end") }
                return
            }
        }
    }

    func finish() throws(TarError) {
        guard case .end = state else { throw TarError("it is cut short") }
    }

    private var bodySize = 0

    private mutating func hold(_ rest: inout Slice<UnsafeRawBufferPointer>, upTo count: Int) -> Bool {
        let piece = rest.prefix(count - held.count)
        held.append(contentsOf: piece)
        rest = rest.dropFirst(piece.count)
        return held.count == count
    }

    private mutating func fileEnds(_ part: (Part) throws -> Void) throws {
        try part(.fileEnd)
        let padding = TarWriter.padding(after: bodySize).count
        state = padding == 0 ? .header : .padding(left: padding)
    }

    private mutating func header(_ block: [UInt8], _ part: (Part) throws -> Void) throws {
        if block.allSatisfy({ $0 == 0 }) {
            zeroBlocks += 1
            if zeroBlocks == 2 { state = .end }
            return
        }
        guard zeroBlocks == 0, block[257..<262].elementsEqual("ustar".utf8) else { throw TarError("a header that is not ustar's") }
        let sum = block.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element)) }
        guard try octal(block[148..<156]) == sum else { throw TarError("a header with a wrong checksum") }
        let size = try octal(block[124..<136])
        switch block[156] {
        case UInt8(ascii: "x"):
            guard (1...65_536).contains(size) else { throw TarError("a pax header of \(size) bytes") }
            state = .pax(left: size)
        case UInt8(ascii: "0"), 0: try file(block, size, part)
        default: throw TarError("an entry that is not a regular file")
        }
    }

    private mutating func file(_ block: [UInt8], _ headerSize: Int, _ part: (Part) throws -> Void) throws {
        guard block[345] == 0 else { throw TarError("a name with folders") }
        let raw = block[0..<100].prefix { $0 != 0 }
        guard let name = pax["path"] ?? String(validating: raw, as: UTF8.self) else { throw TarError("a name that is not UTF-8") }
        guard let size = pax["size"].map({ Int($0) }) ?? headerSize, size >= 0 else { throw TarError("a size that is none") }
        pax = [:]
        bodySize = size
        try part(.file(name: name, size: size))
        if size == 0 { try fileEnds(part) } else { state = .body(left: size) }
    }

    private func octal(_ field: ArraySlice<UInt8>) throws(TarError) -> Int {
        let digits = field.drop { $0 == 32 }.prefix { $0 != 0 && $0 != 32 }
        guard digits.allSatisfy({ (48...55).contains($0) }) else { throw TarError("a number that is none") }
        return digits.reduce(0) { $0 << 3 | Int($1 - 48) }
    }

    private mutating func readPax(_ bytes: [UInt8]) throws(TarError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let space = rest.firstIndex(of: 32), let length = Int(String(decoding: rest[..<space], as: UTF8.self)), length > space - rest.startIndex + 2,
                length <= rest.count, rest[rest.startIndex + length - 1] == 10,
                let record = String(validating: rest[(space + 1)..<(rest.startIndex + length - 1)], as: UTF8.self), let equals = record.firstIndex(of: "=")
            else { throw TarError("a pax header that is none") }
            pax[String(record[..<equals])] = String(record[record.index(after: equals)...])
            rest = rest.dropFirst(length)
        }
    }
}

struct TarError: Error, Hashable, CustomStringConvertible {
    let description: String
    init(_ what: String) { description = "not an archive of ours: \(what)" }
}
