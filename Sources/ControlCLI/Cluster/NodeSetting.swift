import BackupModel
import ControlAPI

/// `ADDRESS:key=value,key=value`. The address ends at the last colon before the first '=', so that an IPv6 address needs no brackets; values may hold colons, but no comma.
struct NodeSetting {
    static let keys = ["ssh-host", "ssh-port", "jmx-host", "jmx-port"]

    let address: String
    private(set) var settings = NodeSettingsBody()

    init(_ text: String) throws {
        guard let equals = text.firstIndex(of: "="), let colon = text[..<equals].lastIndex(of: ":"), colon != text.startIndex else {
            throw UsageFault("option '--node': \(quoted(text)) is not ADDRESS:key=value,…", hint: "as in 10.0.0.7:ssh-port=2222,jmx-port=7200")
        }
        address = try HostAddress(String(text[..<colon])).rawValue
        var seen: Set<String> = []
        for pair in text[text.index(after: colon)...].split(separator: ",", omittingEmptySubsequences: false) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[1].isEmpty, seen.insert(parts[0]).inserted else { throw UsageFault("option '--node': \(quoted(String(pair))) is not key=value, once for each key") }
            try set(parts[0], parts[1])
        }
    }

    private mutating func set(_ key: String, _ value: String) throws {
        switch key {
        case "ssh-host": settings.sshHost = try HostAddress(value)
        case "ssh-port": settings.sshPort = try port(key, value)
        case "jmx-host": settings.jmxHost = try HostAddress(value).rawValue
        case "jmx-port": settings.jmxPort = try port(key, value)
        default: throw UsageFault("option '--node': \(quoted(key)) is not known", hint: "one of: \(Self.keys.joined(separator: ", "))")
        }
    }

    private func port(_ key: String, _ value: String) throws -> Int {
        guard let port = Int(value), (1...65_535).contains(port) else { throw UsageFault("option '--node': \(quoted(value)) is not a port for '\(key)'", hint: "1 to 65535") }
        return port
    }
}
