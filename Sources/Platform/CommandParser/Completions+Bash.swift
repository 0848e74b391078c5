/// One function that walks the words before the cursor down the table, then offers what fits there. Needs no bash-completion package.
struct BashCompletions {
    let root: CommandSpec

    var script: String {
        let function = "_\(root.shellName)"
        let points = CompletionPoint.all(of: root)
        return """
            # bash completion for \(root.name)
            \(function)() {
                local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" path="" skip="" word i
                local commands options valued operands
                # bash splits --option=value at the equals sign
                if [[ $cur == "=" ]]; then cur=""
                elif [[ $prev == "=" ]]; then prev="${COMP_WORDS[COMP_CWORD-2]}"; fi
                \(function)_at ""
                for ((i = 1; i < COMP_CWORD; i++)); do
                    word="${COMP_WORDS[i]}"
                    if [[ $word == "=" ]]; then skip=1; continue; fi
                    if [[ -n $skip ]]; then skip=""; continue; fi
                    if [[ $word == "--" ]]; then COMPREPLY=($(compgen -f -- "$cur")); return; fi
                    if [[ " $valued " == *" $word "* ]]; then skip=1
                    elif [[ $word != -* && " $commands " == *" $word "* ]]; then
                        path="${path:+$path }$word"
                        \(function)_at "$path"
                    fi
                    # a value written as --option=value was taken with its equals sign
                    if [[ -n $skip && ${COMP_WORDS[i+1]} == "=" ]]; then skip=""; fi
                done
                COMPREPLY=()
                if [[ " $valued " == *" $prev "* ]]; then
                    case "$path:$prev" in
            \(points.flatMap(values).joined(separator: "\n"))
                    esac
                    return
                fi
                if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "$options" -- "$cur"))
                elif [[ -n $commands ]]; then COMPREPLY=($(compgen -W "$commands" -- "$cur"))
                elif [[ $operands == ":files" ]]; then COMPREPLY=($(compgen -f -- "$cur"))
                else COMPREPLY=($(compgen -W "$operands" -- "$cur")); fi
            }
            \(function)_at() {
                case "$1" in
            \(points.map(entry).joined(separator: "\n"))
                esac
            }
            complete -o filenames -F \(function) \(root.name)

            """
    }

    private func entry(_ point: CompletionPoint) -> String {
        let words = [
            "commands": point.command.subcommands.map(\.name), "options": point.options.flatMap(\.words), "valued": point.valued.flatMap(\.words),
            "operands": operandWords(point.command.operands),
        ]
        let assignments = words.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.joined(separator: " ").shellQuoted)" }
        return "    \(point.pathWords.shellQuoted)) \(assignments.joined(separator: " "));;"
    }

    private func operandWords(_ operands: [OperandSpec]) -> [String] {
        for operand in operands {
            if case .choice(let words) = operand.type { return words }
            if operand.type == .path { return [":files"] }
        }
        return []
    }

    private func values(_ point: CompletionPoint) -> [String] {
        point.valued.compactMap { option in
            let pattern = option.words.map { "\(point.pathWords):\($0)".shellQuoted }.joined(separator: "|")
            switch option.type {
            case .choice(let words): return "        \(pattern)) COMPREPLY=($(compgen -W \(words.joined(separator: " ").shellQuoted) -- \"$cur\"));;"
            case .path: return "        \(pattern)) COMPREPLY=($(compgen -f -- \"$cur\"));;"
            default: return nil
            }
        }
    }
}
