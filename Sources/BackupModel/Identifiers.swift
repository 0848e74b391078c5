/// The name that an admin gives to a cluster and that its folder in the store bears: `[a-z0-9][a-z0-9_-]{0,62}`.
package struct ClusterName: CheckedName {
    package let rawValue: String
    package init(unchecked text: String) { rawValue = text }
    package static let noun = "cluster name (lower case letters, digits, '-' and '_', at most 63, first a letter or digit)"
    package static func accepts(_ text: String) -> Bool { isSlug(text) }
}

/// The name of a store: as a cluster's.
package struct StoreName: CheckedName {
    package let rawValue: String
    package init(unchecked text: String) { rawValue = text }
    package static let noun = "store name (lower case letters, digits, '-' and '_', at most 63, first a letter or digit)"
    package static func accepts(_ text: String) -> Bool { isSlug(text) }
}

/// The name that an admin gives to an application whose instances are paused together: as a cluster's.
package struct ApplicationName: CheckedName {
    package let rawValue: String
    package init(unchecked text: String) { rawValue = text }
    package static let noun = "application name (lower case letters, digits, '-' and '_', at most 63, first a letter or digit)"
    package static func accepts(_ text: String) -> Bool { isSlug(text) }
}

/// The name of a command inside a backup's window, and of what it wrote: as a cluster's.
package struct FileName: CheckedName {
    package let rawValue: String
    package init(unchecked text: String) { rawValue = text }
    package static let noun = "name of a file (lower case letters, digits, '-' and '_', at most 63, first a letter or digit)"
    package static func accepts(_ text: String) -> Bool { isSlug(text) }
}

private func isSlug(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard (1...63).contains(bytes.count), isAlphanumeric(bytes[0]) else { return false }
    return bytes.allSatisfy { (isWord($0) || $0 == UInt8(ascii: "-")) && !(UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
}

/// Our own identity of a cluster: a UUID in lower case.
package struct ClusterID: CheckedName {
    package let rawValue: String
    package init(unchecked text: String) { rawValue = text }
    package static let noun = "cluster id (UUID)"
    package static func accepts(_ text: String) -> Bool { isUUID(text) }
}

/// Cassandra's identity of a node: a UUID in lower case. An address is not one: it may change, and be used again.
package struct HostID: CheckedName {
    package let rawValue: String
    package init(unchecked text: String) { rawValue = text }
    package static let noun = "host id (UUID)"
    package static func accepts(_ text: String) -> Bool { isUUID(text) }
}

private func isUUID(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard bytes.count == 36 else { return false }
    return bytes.enumerated().allSatisfy { [8, 13, 18, 23].contains($0.offset) ? $0.element == UInt8(ascii: "-") : isLowerHex($0.element) }
}

/// `20261124T145501Z-1a2b3c`: UTC start to the second, then six random hex digits. Orders by time; also the middle of our snapshot tag.
package struct BackupID: CheckedName {
    package let rawValue: String
    package init(unchecked text: String) { rawValue = text }
    package static let noun = "backup id (such as 20261124T145501Z-1a2b3c)"
    package static func accepts(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 23 else { return false }
        return bytes.enumerated().allSatisfy { at, byte in
            switch at {
            case 8: byte == UInt8(ascii: "T")
            case 15: byte == UInt8(ascii: "Z")
            case 16: byte == UInt8(ascii: "-")
            case 17...: isLowerHex(byte)
            default: (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            }
        }
    }

    /// - Parameter random: Six lower case hex digits.
    package init(startedAt time: Timestamp, random: String) throws(NameError) { try self.init(time.compact + "-" + random) }

    /// The tag under which Cassandra keeps this backup's snapshot. No other tag is ever cleared by us.
    package var snapshotTag: SnapshotTag { SnapshotTag(unchecked: "aeneas-" + rawValue) }
}

/// One attempt at an operation, one unit of an agent's detached work, one restore: 26 characters of Crockford's base 32 (a ULID, ordered by time).
package struct RunID: CheckedName {
    package let rawValue: String
    package init(unchecked text: String) { rawValue = text }
    package static let noun = "run id (26 letters and digits)"
    package static func accepts(_ text: String) -> Bool { isULID(text) }
}

package struct JobID: CheckedName {
    package let rawValue: String
    package init(unchecked text: String) { rawValue = text }
    package static let noun = "job id (26 letters and digits)"
    package static func accepts(_ text: String) -> Bool { isULID(text) }
}

package struct RestoreID: CheckedName {
    package let rawValue: String
    package init(unchecked text: String) { rawValue = text }
    package static let noun = "restore id (26 letters and digits)"
    package static func accepts(_ text: String) -> Bool { isULID(text) }
}

/// One pause of an application.
package struct PauseID: CheckedName {
    package let rawValue: String
    package init(unchecked text: String) { rawValue = text }
    package static let noun = "pause id (26 letters and digits)"
    package static func accepts(_ text: String) -> Bool { isULID(text) }
}

private let crockford = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

private func isULID(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    return bytes.count == 26 && bytes.allSatisfy { crockford.contains($0) }
}

extension CheckedName {
    /// A ULID of `time` and ten bytes of randomness; only for the types whose names are ULIDs.
    package static func ulid(at time: Timestamp, random: [UInt8]) -> Self {
        precondition(random.count == 10)
        var bits: [UInt8] = []
        let milliseconds = UInt64(bitPattern: Int64(time.milliseconds)) & 0xFFFF_FFFF_FFFF
        for shift in stride(from: 45, through: 0, by: -5) { bits.append(crockford[Int(milliseconds >> UInt64(shift) & 31)]) }
        var buffer: UInt32 = 0, held = 0
        for byte in random {
            buffer = buffer << 8 | UInt32(byte)
            held += 8
            while held >= 5 {
                held -= 5
                bits.append(crockford[Int(buffer >> UInt32(held) & 31)])
            }
            buffer &= (1 << UInt32(held)) - 1
        }
        return Self(unchecked: String(decoding: bits, as: UTF8.self))
    }
}

/// A snapshot's tag: `[A-Za-z0-9_-]{1,200}`, what 5.0's path parser accepts.
package struct SnapshotTag: CheckedName {
    package let rawValue: String
    package init(unchecked text: String) { rawValue = text }
    package static let noun = "snapshot tag (letters, digits, '-' and '_')"
    package static func accepts(_ text: String) -> Bool {
        (1...200).contains(text.utf8.count) && text.utf8.first != UInt8(ascii: "-") && text.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: "-") }
    }
}

/// A keyspace as Cassandra spells it (case kept): `\w{1,222}` (SchemaConstants.NAME_LENGTH is 48 up to 5.0, later releases allow longer ones).
package struct KeyspaceName: CheckedName {
    package let rawValue: String
    package init(unchecked text: String) { rawValue = text }
    package static let noun = "keyspace name (letters, digits and '_')"
    package static func accepts(_ text: String) -> Bool { (1...222).contains(text.utf8.count) && text.utf8.allSatisfy(isWord) }
    /// Kept by each node for itself, never replicated: no repair can bring it back.
    package var isLocalSystem: Bool { rawValue == "system" || rawValue == "system_schema" }
    package var isSystem: Bool { isLocalSystem || ["system_auth", "system_distributed", "system_traces", "system_views", "system_virtual_schema", "system_cluster_metadata"].contains(rawValue) }
}

/// A table as Cassandra spells it.
package struct TableName: CheckedName {
    package let rawValue: String
    package init(unchecked text: String) { rawValue = text }
    package static let noun = "table name (letters, digits and '_')"
    package static func accepts(_ text: String) -> Bool { (1...222).contains(text.utf8.count) && text.utf8.allSatisfy(isWord) }
}

/// A table's id as its folder carries it: 32 lower case hex digits.
package struct TableID: CheckedName {
    package let rawValue: String
    package init(unchecked text: String) { rawValue = text }
    package static let noun = "table id (32 hex digits)"
    package static func accepts(_ text: String) -> Bool { text.utf8.count == 32 && text.utf8.allSatisfy(isLowerHex) }
}

/// A hidden folder of a table that holds the SSTables of a secondary index: `.orders_customer`.
package struct IndexFolder: CheckedName {
    package let rawValue: String
    package init(unchecked text: String) { rawValue = text }
    package static let noun = "index folder ('.' and letters, digits and '_')"
    package static func accepts(_ text: String) -> Bool {
        (2...223).contains(text.utf8.count) && text.utf8.first == UInt8(ascii: ".") && text.utf8.dropFirst().allSatisfy(isWord)
    }
}

/// A host name or address literal: no leading '-', no spaces, quotes, slashes or control characters.
package struct HostAddress: CheckedName {
    package let rawValue: String
    package init(unchecked text: String) { rawValue = text }
    package static let noun = "host name or address"
    package static func accepts(_ text: String) -> Bool {
        guard (1...253).contains(text.utf8.count), text.utf8.first.map({ isAlphanumeric($0) || $0 == UInt8(ascii: ":") }) == true else { return false }
        return text.utf8.allSatisfy { isWord($0) || [UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "%")].contains($0) }
    }
}

/// SHA-256 in lower case hex.
package struct SHA256Hex: CheckedName {
    package let rawValue: String
    package init(unchecked text: String) { rawValue = text }
    package static let noun = "SHA-256 (64 hex digits)"
    package static func accepts(_ text: String) -> Bool { text.utf8.count == 64 && text.utf8.allSatisfy(isLowerHex) }
}
