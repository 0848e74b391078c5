/// A function that tells which command the words before the cursor name, and a `complete` line for each thing offered there.
struct FishCompletions {
    let root: CommandSpec

    var script: String {
        let points = CompletionPoint.all(of: root)
        return """
            # fish completion for \(root.name)
            function __\(root.shellName)_path
                set -l path ""
                set -l skip 0
                set -l words (commandline -opc)
                for word in $words[2..-1]
                    if test $skip = 1
                        set skip 0
                        continue
                    end
                    switch "$path:$word"
            \(points.map(steps).joined(separator: "\n"))
                    end
                end
                echo $path
            end
            function __\(root.shellName)_at
                test (__\(root.shellName)_path) = "$argv"
            end
            complete -c \(root.name) -f
            \(points.flatMap(lines).joined(separator: "\n"))

            """
    }

    private func steps(_ point: CompletionPoint) -> String {
        var cases = point.command.subcommands.map { child in
            let next = (point.path + [child.name]).joined(separator: " ")
            return "            case \(quoted("\(point.pathWords):\(child.name)"))\n                set path \(quoted(next))"
        }
        let valued = point.valued.flatMap(\.words)
        if !valued.isEmpty {
            cases.append("            case \(valued.map { quoted("\(point.pathWords):\($0)") }.joined(separator: " "))\n                set skip 1")
        }
        return cases.joined(separator: "\n")
    }

    private func lines(_ point: CompletionPoint) -> [String] {
        let here = "complete -c \(root.name) -n \(quoted("__\(root.shellName)_at \(point.pathWords)"))"
        let commands = point.command.subcommands.map { "\(here) -a \(quoted($0.name)) -d \(quoted($0.summary))" }
        let options = point.options.map { option in
            let short = option.short.map { " -s \($0)" } ?? ""
            return "\(here)\(short) -l \(option.name)\(option.type.map { " -r" + offer($0) } ?? "") -d \(quoted(option.help))"
        }
        let operands = point.command.operands.map { offer($0.type) }.filter { !$0.isEmpty }.map { here + $0 }
        return commands + options + operands
    }

    private func offer(_ type: ValueType) -> String {
        switch type {
        case .choice(let words): " -a \(quoted(words.joined(separator: " ")))"
        case .path: " -F"
        default: ""
        }
    }

    /// Within fish's single quotes only the backslash and the quote itself are special.
    private func quoted(_ text: String) -> String {
        "'" + text.map { "\\'".contains($0) ? "\\\($0)" : String($0) }.joined() + "'"
    }
}
