extension CommandSpec {
    /// A page in roff's man(7) macros, section 1, of the command at `path`; nil when there is none.
    package func manPage(_ path: [String]) -> String? {
        guard let chain = chain(path) else { return nil }
        let command = chain[chain.count - 1]
        let (own, inherited) = chain.visibleOptions
        let title = chain.map(\.name).joined(separator: "-")
        var page = Roff()
        page.line(".TH \(Roff.quoted(title.uppercased())) 1 \"\" \(Roff.quoted(version ?? name)) \(Roff.quoted(name))")
        page.section("NAME")
        page.text("\(title) - \(command.summary)")
        page.section("SYNOPSIS")
        page.text(CommandSpec.usage(chain))
        if !command.discussion.isEmpty {
            page.section("DESCRIPTION")
            for (index, paragraph) in command.discussion.paragraphs.enumerated() {
                if index > 0 { page.line(".PP") }
                page.text(paragraph)
            }
        }
        page.terms("COMMANDS", command.subcommands.map { ($0.name, $0.summary) })
        page.terms("ARGUMENTS", command.operands.map { ($0.usage, $0.explanation) })
        page.terms("OPTIONS", (own + inherited).map { ($0.words.joined(separator: ", ") + ($0.placeholder.map { " \($0)" } ?? ""), $0.explanation) })
        page.terms("EXIT STATUS", command.exitCodes.map { (String($0.code), $0.meaning) })
        page.terms("EXAMPLES", command.examples.map { ($0.command, $0.explanation) })
        let related = (path.isEmpty ? [] : [chain.dropLast().map(\.name).joined(separator: "-")]) + command.subcommands.map { "\(title)-\($0.name)" }
        if !related.isEmpty {
            page.section("SEE ALSO")
            page.text(related.map { "\($0)(1)" }.joined(separator: ", "))
        }
        return page.source
    }

    /// Every command's page under the file name it is installed by: `aeneas-backup-start.1`.
    package var manPages: [(fileName: String, source: String)] {
        paths.compactMap { path in manPage(path).map { ("\(([name] + path).joined(separator: "-")).1", $0) } }
    }
}

private struct Roff {
    private(set) var source = ""

    mutating func line(_ line: String) { source += line + "\n" }

    mutating func section(_ title: String) { line(".SH \(Roff.quoted(title))") }

    mutating func text(_ text: String) { line(Roff.escaped(text)) }

    mutating func terms(_ title: String, _ rows: [(term: String, text: String)]) {
        guard !rows.isEmpty else { return }
        section(title)
        for row in rows {
            line(".TP")
            line("\\fB\(Roff.escaped(row.term))\\fR")
            text(row.text)
        }
    }

    static func quoted(_ text: String) -> String { "\"\(escaped(text).split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\(dq"))\"" }

    /// One line of text that roff takes for nothing else: backslashes, dashes that may be copied, no control line.
    static func escaped(_ text: String) -> String {
        var line = ""
        for character in text {
            switch character {
            case "\\": line += "\\e"
            case "-": line += "\\-"
            case "\n", "\r": line += " "
            default: line.append(character)
            }
        }
        return line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" + line : line
    }
}
