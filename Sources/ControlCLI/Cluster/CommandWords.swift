import BackupModel

/// Splits a command as it is typed into program and arguments. There is no shell: spaces separate, quotes and backslashes join, and nothing else is special.
enum CommandWords {
    static func split(_ text: String, option: String) throws -> [String] {
        var words: [String] = [], word: String?, quote: Character?
        var rest = Substring(text)
        while let character = rest.popFirst() {
            switch (quote, character) {
            case (nil, " "), (nil, "\t"):
                if let finished = word { words.append(finished) }
                word = nil
            case (nil, "'"), (nil, "\""):
                quote = character
                word = word ?? ""
            case (let open?, _) where open == character: quote = nil
            case (nil, "\\"), ("\"", "\\"):
                guard let next = rest.popFirst() else { throw UsageFault("option '--\(option)': nothing follows the last backslash in \(quoted(text))") }
                word = (word ?? "") + String(next)
            default: word = (word ?? "") + String(character)
            }
        }
        guard quote == nil else { throw UsageFault("option '--\(option)': a quote is not closed in \(quoted(text))") }
        if let finished = word { words.append(finished) }
        guard words.first?.isEmpty == false else { throw UsageFault("option '--\(option)': no program is named") }
        return words
    }
}
