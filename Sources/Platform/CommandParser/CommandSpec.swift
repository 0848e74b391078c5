/// A command as data: parsing, help, completions and man pages are all read from it.
///
/// Options of a command that has subcommands belong to every one of them and may stand before or after the subcommand's name.
package struct CommandSpec: Sendable {
    package var name: String
    /// One line without a final stop.
    package var summary: String
    /// Paragraphs, separated by an empty line.
    package var discussion: String
    package var options: [OptionSpec]
    package var operands: [OperandSpec]
    package var subcommands: [CommandSpec]
    package var exitCodes: [ExitCode]
    package var examples: [CommandExample]
    /// Placeholder of the words after `--` when they are handed on verbatim; nil where `--` only ends the options.
    package var passthrough: String?
    /// What `--version` prints; only read on the root.
    package var version: String?

    package init(
        name: String, summary: String, discussion: String = "", options: [OptionSpec] = [], operands: [OperandSpec] = [], subcommands: [CommandSpec] = [],
        exitCodes: [ExitCode] = [], examples: [CommandExample] = [], passthrough: String? = nil, version: String? = nil
    ) {
        self.name = name
        self.summary = summary
        self.discussion = discussion
        self.options = options
        self.operands = operands
        self.subcommands = subcommands
        self.exitCodes = exitCodes
        self.examples = examples
        self.passthrough = passthrough
        self.version = version
    }

    /// The commands from this root along `names`, the root first; nil when one does not exist.
    func chain(_ names: [String]) -> [CommandSpec]? {
        var chain = [self]
        for name in names {
            guard let next = chain[chain.count - 1].subcommands.first(where: { $0.name == name }) else { return nil }
            chain.append(next)
        }
        return chain
    }

    /// Every path below and including this command, `[]` first, in the table's order.
    package var paths: [[String]] {
        [[]] + subcommands.flatMap { child in child.paths.map { [child.name] + $0 } }
    }
}

package struct ExitCode: Sendable, Equatable {
    package var code: Int
    package var meaning: String

    package init(_ code: Int, _ meaning: String) {
        self.code = code
        self.meaning = meaning
    }
}

package struct CommandExample: Sendable, Equatable {
    package var command: String
    package var explanation: String

    package init(_ command: String, _ explanation: String) {
        self.command = command
        self.explanation = explanation
    }
}

/// A positional argument. Optional ones follow required ones, and only the last may repeat.
package struct OperandSpec: Sendable {
    package var name: String
    package var type: ValueType
    package var required: Bool
    package var repeats: Bool
    package var help: String

    package init(_ name: String, type: ValueType = .string, required: Bool = true, repeats: Bool = false, help: String) {
        self.name = name
        self.type = type
        self.required = required
        self.repeats = repeats
        self.help = help
    }

    /// `<name>`, `[<name>]`, `<name>...` or `[<name>...]`.
    var usage: String {
        let word = "<\(name)>" + (repeats ? "..." : "")
        return required ? word : "[\(word)]"
    }
}
