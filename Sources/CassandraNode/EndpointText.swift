/// Addresses as Cassandra writes them: `127.0.0.2:7000`, `[::1]:7000`, `/127.0.0.1`, `node1/10.0.0.1:7000`.
enum EndpointText {
    /// The address alone: no host name before a slash, no port.
    static func address(_ text: String) -> String {
        let text = text.lastIndex(of: "/").map { text[text.index(after: $0)...] } ?? text[...]
        if text.first == "[", let end = text.firstIndex(of: "]") { return String(text[text.index(after: text.startIndex)..<end]) }
        guard let colon = text.firstIndex(of: ":"), colon == text.lastIndex(of: ":") else { return String(text) }
        return String(text[..<colon])
    }
}
