/// A function for each command, each one call of `_arguments`.
struct ZshCompletions {
    let root: CommandSpec

    var script: String {
        let function = "_\(root.shellName)"
        return """
            #compdef \(root.name)
            \(CompletionPoint.all(of: root).reversed().map(definition).joined(separator: "\n"))
            if [ "$funcstack[1]" = "\(function)" ]; then \(function) "$@"; else compdef \(function) \(root.name); fi

            """
    }

    private func functionName(_ path: [String]) -> String {
        (["_\(root.shellName)"] + path.map { $0.split(separator: "-").joined(separator: "_") }).joined(separator: "__")
    }

    private func definition(_ point: CompletionPoint) -> String {
        let options = point.options.flatMap(optionSpecs)
        let subcommands = point.command.subcommands
        guard !subcommands.isEmpty else {
            let specs = options + point.command.operands.enumerated().map { operandSpec($0.element, at: $0.offset + 1) }
            return "\(functionName(point.path))() {\n    _arguments -s -S \\\n        \(specs.joined(separator: " \\\n        "))\n}"
        }
        let names = subcommands.map { "\($0.name):\($0.summary)".shellQuoted }.joined(separator: "\n                ")
        let cases = subcommands.map { "                \($0.name.shellQuoted)) \(functionName(point.path + [$0.name]));;" }.joined(separator: "\n")
        return """
            \(functionName(point.path))() {
                local context state state_descr line curcontext="$curcontext"
                typeset -A opt_args
                _arguments -C -s -S \\
                    \((options + ["'1: :->command'", "'*:: :->rest'"]).joined(separator: " \\\n        "))
                case $state in
                    command)
                        local -a commands=(
                            \(names)
                        )
                        _describe -t commands command commands;;
                    rest)
                        case $line[1] in
            \(cases)
                        esac;;
                esac
            }
            """
    }

    private func optionSpecs(_ option: OptionSpec) -> [String] {
        option.words.map { word in
            let others = option.repeats ? "*" : "(\(option.words.joined(separator: " ")))"
            let form = option.type == nil ? word : word.hasPrefix("--") ? word + "=" : word + "+"
            let value = option.type.map { ":\(escaped(option.placeholder ?? "")):\(action($0))" } ?? ""
            return "\(others)\(form)[\(escaped(option.help))]\(value)".shellQuoted
        }
    }

    private func operandSpec(_ operand: OperandSpec, at position: Int) -> String {
        let place = operand.repeats ? "*" : operand.required ? "\(position)" : "\(position):"
        return "\(place):\(escaped(operand.name)):\(action(operand.type))".shellQuoted
    }

    private func action(_ type: ValueType) -> String {
        switch type {
        case .choice(let words): "(\(words.map(escaped).joined(separator: " ")))"
        case .path: "_files"
        // A space: there is a value, and nothing to offer for it.
        default: " "
        }
    }

    private func escaped(_ text: String) -> String {
        text.map { "\\[]:".contains($0) ? "\\\($0)" : String($0) }.joined()
    }
}
