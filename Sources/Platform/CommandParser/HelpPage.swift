extension CommandSpec {
    /// The help text of the command at `path` (`[]` is the program itself), lines at most `width` columns where words allow; nil when there is no such command.
    package func help(for path: [String], width: Int = 80) -> String? {
        guard let chain = chain(path) else { return nil }
        return HelpPage(chain: chain, width: max(40, width)).text
    }

    /// `aeneas backup start [options] <cluster>`.
    static func usage(_ chain: [CommandSpec]) -> String {
        let command = chain[chain.count - 1]
        var words = chain.map(\.name)
        words += command.options.filter(\.required).map { "--\($0.name) \($0.placeholder ?? "")" }
        words.append("[options]")
        if !command.subcommands.isEmpty { words.append("<command>") }
        words += command.operands.map(\.usage)
        if let passthrough = command.passthrough { words.append("[-- \(passthrough)...]") }
        return words.joined(separator: " ")
    }
}

private struct HelpPage {
    let chain: [CommandSpec]
    let width: Int

    var text: String {
        let command = chain[chain.count - 1]
        let (own, inherited) = chain.visibleOptions
        let sections = [
            wrap(command.summary, indent: 0),
            "Usage: " + wrap(CommandSpec.usage(chain), indent: 7).drop { $0 == " " },
            command.discussion.isEmpty ? "" : command.discussion.paragraphs.map { wrap($0, indent: 0) }.joined(separator: "\n\n"),
            table("Commands", command.subcommands.map { ($0.name, $0.summary) }),
            table("Arguments", command.operands.map { ($0.usage, $0.explanation) }),
            table("Options", own.map { (term($0), $0.explanation) }),
            table(own.isEmpty && chain.count == 1 ? "Options" : "Global options", inherited.map { (term($0), $0.explanation) }),
            table("Exit codes", command.exitCodes.map { (String($0.code), $0.meaning) }),
            command.examples.isEmpty
                ? "" : "Examples:\n" + command.examples.map { wrap("# " + $0.explanation, indent: 2) + "\n  " + $0.command }.joined(separator: "\n"),
        ]
        return sections.filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
    }

    private func term(_ option: OptionSpec) -> String {
        let short = option.short.map { "-\($0), " } ?? "    "
        return "\(short)--\(option.name)" + (option.placeholder.map { " \($0)" } ?? "")
    }

    private func table(_ title: String, _ rows: [(term: String, text: String)]) -> String {
        guard !rows.isEmpty else { return "" }
        let column = min(30, (rows.map(\.term.count).max() ?? 0) + 4)
        let lines = rows.map { row in
            let text = wrap(row.text, indent: column)
            let term = "  " + row.term
            guard term.count + 2 <= column else { return term + "\n" + text }
            return term + text.dropFirst(term.count)
        }
        return "\(title):\n" + lines.joined(separator: "\n")
    }

    /// `text` in lines of at most `width`, each with `indent` spaces first; a longer word has a line of its own.
    private func wrap(_ text: String, indent: Int) -> String {
        let margin = String(repeating: " ", count: indent)
        var lines: [String] = []
        var line = ""
        for word in text.split(whereSeparator: \.isWhitespace) {
            if !line.isEmpty, indent + line.count + 1 + word.count > width {
                lines.append(margin + line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        lines.append(margin + line)
        return lines.joined(separator: "\n")
    }
}

extension OperandSpec {
    var explanation: String {
        guard case .choice(let words) = type else { return help }
        return "\(help) (one of: \(words.joined(separator: ", ")))"
    }
}

extension String {
    /// Runs of lines between empty lines, each joined to one line.
    var paragraphs: [String] {
        var paragraphs = [""]
        for line in split(separator: "\n", omittingEmptySubsequences: false) {
            if line.allSatisfy(\.isWhitespace) { paragraphs.append("") } else { paragraphs[paragraphs.count - 1] += (paragraphs.last! == "" ? "" : " ") + line }
        }
        return paragraphs.filter { !$0.isEmpty }
    }
}
