/// Reads a DNS message (RFC 1035). Every step is checked: it comes from the network.
struct DNSAnswer {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// nil when the message is malformed.
    func serviceRecords() -> [ServiceRecord]? {
        guard let questions = number(at: 4), let answers = number(at: 6) else { return nil }
        var at = 12, records: [ServiceRecord] = []
        for _ in 0..<questions {
            guard let (_, end) = name(at: at) else { return nil }
            at = end + 4
        }
        for _ in 0..<answers {
            guard let (_, end) = name(at: at), let type = number(at: end), let length = number(at: end + 8), end + 10 + length <= bytes.count
            else { return nil }
            at = end + 10
            if type == 33 {
                guard let record = serviceRecord(at: at, length: length) else { return nil }
                if !record.host.isEmpty { records.append(record) }
            }
            at += length
        }
        return records
    }

    private func serviceRecord(at start: Int, length: Int) -> ServiceRecord? {
        guard length >= 7, let priority = number(at: start), let weight = number(at: start + 2), let port = number(at: start + 4),
            let (host, end) = name(at: start + 6), end == start + length
        else { return nil }
        return ServiceRecord(host: host, port: port, priority: priority, weight: weight)
    }

    /// - Returns: The labels joined by dots, and where what follows begins; nil for a label with a dot, a space or a control character within.
    private func name(at start: Int) -> (text: String, end: Int)? {
        var at = start, end: Int?, labels: [String] = [], jumps = 0
        while true {
            guard at < bytes.count else { return nil }
            let length = Int(bytes[at])
            switch length {
            case 0: return (labels.joined(separator: "."), end ?? at + 1)
            case 0xC0...:
                guard let target = number(at: at), jumps < 64 else { return nil }
                end = end ?? at + 2
                at = target & 0x3FFF
                jumps += 1
            case ..<0x40:
                guard at + 1 + length <= bytes.count, labels.count < 128 else { return nil }
                let label = bytes[(at + 1)..<(at + 1 + length)]
                guard label.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ".") }) else { return nil }
                labels.append(String(decoding: label, as: UTF8.self))
                at += 1 + length
            default: return nil
            }
        }
    }

    private func number(at start: Int) -> Int? { start + 1 < bytes.count ? Int(bytes[start]) << 8 | Int(bytes[start + 1]) : nil }
}
