/// What the files of one SSTable share: `<version>-<id>-<format>`, such as `nb-42-big` or `da-3h5r_0kk3_2738a2ldlvw4h2zj2d-bti`.
///
/// Parsed as in Cassandra's `io.sstable.Descriptor`: exactly four parts between '-' in a file's name, the last being the component.
package struct SSTableName: CheckedName {
    package let rawValue: String
    package init(unchecked text: String) { rawValue = text }
    package static let noun = "SSTable name (version, id and format, such as nb-42-big)"
    package static func accepts(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count == 3, text.utf8.count <= 120, parts[0].count == 2 else { return false }
        return parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(isWord) }
    }
}

/// The last part of an SSTable file's name: `Data.db`, `TOC.txt`, `SAI+aa+events_kind+Meta.db`. An open set: whatever shares the SSTable's name travels with it.
package struct ComponentName: CheckedName {
    package let rawValue: String
    package init(unchecked text: String) { rawValue = text }
    package static let noun = "SSTable component (such as Data.db)"
    package static func accepts(_ text: String) -> Bool {
        guard (1...255).contains(text.utf8.count), text.utf8.first.map(isAlphanumeric) == true, !text.contains("..") else { return false }
        return text.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "+") }
    }

    package static let data = ComponentName(unchecked: "Data.db")
    package static let digest = ComponentName(unchecked: "Digest.crc32")
    package static let compressionInfo = ComponentName(unchecked: "CompressionInfo.db")
    package static let statistics = ComponentName(unchecked: "Statistics.db")
    package static let toc = ComponentName(unchecked: "TOC.txt")
}

/// A file's name taken apart; nil when it is not an SSTable's.
package struct SSTableFileName: Hashable, Sendable {
    package let sstable: SSTableName
    package let component: ComponentName

    package init?(_ file: String) {
        let parts = file.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, let sstable = SSTableName(rawValue: parts[0...2].joined(separator: "-")),
            let component = ComponentName(rawValue: String(parts[3]))
        else { return nil }
        self.sstable = sstable
        self.component = component
    }
}
