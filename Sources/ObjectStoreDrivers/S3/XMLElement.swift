/// One element of an S3 answer. Namespaces, attributes, comments and processing instructions are read over; there is no DTD, so that nothing can expand.
struct XMLElement {
    let name: String
    private(set) var text = ""
    private(set) var children: [XMLElement] = []

    func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }
    /// Text of the first child of that name.
    func text(of name: String) -> String? { children.first { $0.name == name }?.text }

    /// nil unless `document` is one whole element.
    init?(_ document: [UInt8]) {
        var reader = XMLReader(document)
        guard let root = reader.root() else { return nil }
        self = root
    }

    init(name: String) { self.name = name }
    mutating func append(_ child: XMLElement) { children.append(child) }
    mutating func append(_ more: String) { text += more }
}

private struct XMLReader {
    private var rest: ArraySlice<UInt8>
    init(_ bytes: [UInt8]) { rest = bytes[...] }

    mutating func root() -> XMLElement? {
        var open: [XMLElement] = []
        while let piece = nextPiece() {
            switch piece {
            case .text(let text):
                guard !open.isEmpty else { continue }
                open[open.count - 1].append(text)
            case .start(let name, let isEmpty):
                open.append(XMLElement(name: name))
                guard open.count < 32 else { return nil }
                if isEmpty, let root = close(&open) { return root }
            case .end(let name):
                guard open.last?.name == name else { return nil }
                if let root = close(&open) { return root }
            case .nothing: continue
            }
        }
        return nil
    }

    /// Returns the root when it was the one that closed.
    private func close(_ open: inout [XMLElement]) -> XMLElement? {
        let closed = open.removeLast()
        guard !open.isEmpty else { return closed }
        open[open.count - 1].append(closed)
        return nil
    }

    private enum Piece {
        case text(String)
        case start(String, isEmpty: Bool)
        case end(String)
        case nothing
    }

    private mutating func nextPiece() -> Piece? {
        guard let first = rest.first else { return nil }
        guard first == UInt8(ascii: "<") else {
            let text = rest.prefix { $0 != UInt8(ascii: "<") }
            rest = rest[text.endIndex...]
            return unescaped(text).map { .text($0) }
        }
        if let text = take(between: "<![CDATA[", "]]>") { return .text(String(decoding: text, as: UTF8.self)) }
        if take(between: "<!--", "-->") != nil || take(between: "<?", "?>") != nil { return .nothing }
        guard let tag = take(between: "<", ">") else { return nil }
        let name = tag.drop { $0 == UInt8(ascii: "/") }.prefix { $0 > 0x20 && $0 != UInt8(ascii: "/") }
        guard let letter = name.first, letter != UInt8(ascii: "!") else { return nil }
        let local = String(decoding: name.split(separator: UInt8(ascii: ":")).last ?? name, as: UTF8.self)
        return tag.first == UInt8(ascii: "/") ? .end(local) : .start(local, isEmpty: tag.last == UInt8(ascii: "/"))
    }

    /// nil, and nothing read, unless `rest` begins with `start`, and `end` follows.
    private mutating func take(between start: String, _ end: String) -> ArraySlice<UInt8>? {
        guard rest.starts(with: start.utf8) else { return nil }
        let content = rest.dropFirst(start.utf8.count), last = Array(end.utf8)
        var at = content.startIndex
        while at + last.count <= content.endIndex {
            if content[at] == last[0], content[at..<at + last.count].elementsEqual(last) {
                rest = content[(at + last.count)...]
                return content[..<at]
            }
            at += 1
        }
        return nil
    }

    private func unescaped(_ text: ArraySlice<UInt8>) -> String? {
        guard text.contains(UInt8(ascii: "&")) else { return String(decoding: text, as: UTF8.self) }
        let parts = String(decoding: text, as: UTF8.self).split(separator: "&", omittingEmptySubsequences: false)
        var out = String(parts[0])
        for part in parts.dropFirst() {
            guard let end = part.firstIndex(of: ";"), let character = entity(part[..<end]) else { return nil }
            out.unicodeScalars.append(character)
            out += part[part.index(after: end)...]
        }
        return out
    }

    private func entity(_ name: Substring) -> Unicode.Scalar? {
        switch name {
        case "lt": "<"
        case "gt": ">"
        case "amp": "&"
        case "quot": "\""
        case "apos": "'"
        case _ where name.hasPrefix("#x"): UInt32(name.dropFirst(2), radix: 16).flatMap { Unicode.Scalar($0) }
        case _ where name.hasPrefix("#"): UInt32(name.dropFirst()).flatMap { Unicode.Scalar($0) }
        default: nil
        }
    }
}

/// Text as XML wants it between tags.
func xmlEscaped(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": out += "&amp;"
        case "<": out += "&lt;"
        case ">": out += "&gt;"
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out
}
