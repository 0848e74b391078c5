package enum Shell: String, Sendable, CaseIterable {
    case bash, zsh, fish
}

extension CommandSpec {
    /// A script that the shell sources (bash, fish) or finds in its `fpath` as `_<name>` (zsh; sourcing works too).
    ///
    /// Names and choices are taken to be words without white space.
    package func completions(_ shell: Shell) -> String {
        switch shell {
        case .bash: BashCompletions(root: self).script
        case .zsh: ZshCompletions(root: self).script
        case .fish: FishCompletions(root: self).script
        }
    }

    /// The program's name as part of a shell function's.
    var shellName: String { String(name.map { $0.isLetter || $0.isNumber ? $0 : "_" }) }
}

/// What is completed at one path of the table.
struct CompletionPoint {
    let path: [String]
    let command: CommandSpec
    let options: [OptionSpec]

    static func all(of root: CommandSpec) -> [CompletionPoint] {
        root.paths.compactMap { path in
            root.chain(path).map { chain in
                let (own, inherited) = chain.visibleOptions
                return CompletionPoint(path: path, command: chain[chain.count - 1], options: own + inherited)
            }
        }
    }

    var pathWords: String { path.joined(separator: " ") }
    var valued: [OptionSpec] { options.filter { $0.type != nil } }
}

extension String {
    /// In single quotes, as bash and zsh read them.
    var shellQuoted: String { "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'" }
}
