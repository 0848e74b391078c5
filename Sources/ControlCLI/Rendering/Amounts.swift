import BackupModel

/// Amounts as people read them; JSON has the exact ones.
enum Amount {
    /// `512 B`, `1.2 KiB`, `345 MiB`.
    static func bytes(_ count: Int) -> String {
        guard count >= 1024 else { return "\(count) B" }
        var value = Double(count), unit = "B"
        for next in ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] where (value * 10).rounded() / 10 >= 1024 || unit == "B" {
            value /= 1024
            unit = next
        }
        guard value < 99.95 else { return "\(Int(value.rounded())) \(unit)" }
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(unit)"
    }

    static func rate(_ bytesPerSecond: Int) -> String { bytes(bytesPerSecond) + "/s" }

    /// The two greatest units: `42 s`, `3 min 12 s`, `2 h 5 min`, `10 d`.
    static func duration(_ seconds: Int) -> String {
        let parts = [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")]
        guard let first = parts.firstIndex(where: { $0.0 > 0 }) else { return "\(max(0, seconds)) s" }
        return parts[first...].prefix(2).filter { $0.0 > 0 }.map { "\($0) \($1)" }.joined(separator: " ")
    }

    static func duration(from start: Timestamp, to end: Timestamp) -> String { duration((end.milliseconds - start.milliseconds) / 1000) }

    /// Of a window: `0.4 ms`, `61 ms`, `9.812 s`, `1 min 12 s`.
    static func fine(microseconds: Int) -> String {
        switch microseconds {
        case ..<1000: "\(max(0, microseconds) / 1000).\(max(0, microseconds) / 100 % 10) ms"
        case ..<1_000_000: "\(microseconds / 1000) ms"
        case ..<60_000_000: "\(microseconds / 1_000_000).\(String(1000 + microseconds / 1000 % 1000).dropFirst()) s"
        default: duration(microseconds / 1_000_000)
        }
    }

    static func fine(milliseconds: Int) -> String { fine(microseconds: milliseconds * 1000) }

    /// `1 node`, `3 nodes`.
    static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}

extension Timestamp {
    /// `2026-11-24 14:55:01Z`.
    var text: String { "\(description.prefix(10)) \(description.dropFirst(11).prefix(8))Z" }
    /// `2026-11-24 14:55:01.250Z`.
    var fineText: String { "\(description.prefix(10)) \(description.dropFirst(11))" }
    /// `14:55:01Z`.
    var timeText: String { "\(description.dropFirst(11).prefix(8))Z" }
}

extension String {
    /// Without characters that a terminal would obey: texts come from nodes and stores too.
    var plain: String {
        var out = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: out.append(scalar == "\n" ? " " : "\u{FFFD}")
            default: out.append(scalar)
            }
        }
        return String(out)
    }

    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
    func leftPadded(to width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }

    /// At most `width` characters, the last of them '…' when something was cut.
    func cut(to width: Int) -> String { count <= width ? self : prefix(max(0, width - 1)) + "…" }
}
