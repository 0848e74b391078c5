import BackupModel

/// The form of `~/.aws/credentials`: sections in brackets, `name = value` lines, comments after '#' or ';'.
struct CredentialsFile {
    private var sections: [String: [String: String]] = [:]

    init(_ text: String) {
        var section = "default"
        for raw in text.split(whereSeparator: \.isNewline) {
            let line = trim(raw)
            if line.isEmpty || line.hasPrefix("#") || line.hasPrefix(";") { continue }
            if line.hasPrefix("["), line.hasSuffix("]") {
                section = trim(line.dropFirst().dropLast())
                sections[section] = sections[section] ?? [:]
            } else if let equals = line.firstIndex(of: "=") {
                sections[section, default: [:]][trim(line[..<equals]).lowercased()] = trim(line[line.index(after: equals)...])
            }
        }
    }

    /// - Throws: `Failure` naming the profile or the key that is missing; never the values.
    func keys(profile: String, file: String) throws -> (access: String, secret: String, token: String?) {
        guard let section = sections[profile] else {
            let known = sections.keys.sorted().joined(separator: ", ")
            throw Failure("store.no-credentials", "there is no profile '\(profile)' in '\(file)'", hint: known.isEmpty ? "the file has no section at all" : "it has: \(known)")
        }
        guard let access = section["aws_access_key_id"], let secret = section["aws_secret_access_key"], !access.isEmpty, !secret.isEmpty else {
            throw Failure("store.no-credentials", "profile '\(profile)' in '\(file)' lacks aws_access_key_id or aws_secret_access_key")
        }
        return (access, secret, section["aws_session_token"])
    }
}

private func trim(_ text: some StringProtocol) -> String {
    var text = Substring(text)
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return String(text)
}
