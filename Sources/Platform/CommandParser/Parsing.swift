extension CommandSpec {
    /// Reads `arguments`, the program's name not among them.
    ///
    /// An option's value comes from the command line, else from its environment variable, else from its default.
    package func parse(arguments: [String], environment: [String: String] = [:]) -> Result<Invocation, UsageError> {
        var reading = Reading(root: self, rest: arguments[...])
        do throws(UsageError) {
            if let action = try reading.readAll() { return .success(reading.invocation(action)) }
            try reading.fill(from: environment)
            try reading.checkComplete()
            return .success(reading.invocation(.run))
        } catch {
            return .failure(error)
        }
    }
}

/// The command line as far as it has been read.
private struct Reading {
    private var chain: [CommandSpec]
    private var rest: ArraySlice<String>
    private var settings: [String: Invocation.Setting] = [:]
    private var operands: [String] = []
    private var passthrough: [String] = []

    init(root: CommandSpec, rest: ArraySlice<String>) {
        chain = [root]
        self.rest = rest
    }

    private var command: CommandSpec { chain[chain.count - 1] }
    private var path: [String] { chain.dropFirst().map(\.name) }
    private var words: String { chain.map(\.name).joined(separator: " ") }
    private var options: [OptionSpec] {
        let (own, inherited) = chain.visibleOptions
        return own + inherited
    }

    func invocation(_ action: Invocation.Action) -> Invocation {
        Invocation(
            action: action, path: path, operands: operands, passthrough: passthrough, settings: settings,
            declaredOptions: Set(options.map(\.name)), operandSpecs: command.operands
        )
    }

    private func failure(_ kind: UsageError.Kind, _ message: String, _ hint: String? = nil) -> UsageError {
        UsageError(kind: kind, message: message, hint: hint ?? "see '\(words) --help'", path: path)
    }

    /// Reads every word. Returns what was asked for instead of a run, if anything.
    mutating func readAll() throws(UsageError) -> Invocation.Action? {
        while let word = rest.popFirst() {
            if word == "--" {
                try readAfterDashes()
            } else if word.hasPrefix("--") {
                if let action = try readLong(word) { return action }
            } else if word.hasPrefix("-"), word != "-" {
                if let action = try readShort(word) { return action }
            } else if !command.subcommands.isEmpty {
                if try enter(word) { return .help }
            } else {
                try readOperand(word)
            }
        }
        return nil
    }

    private mutating func readAfterDashes() throws(UsageError) {
        if command.passthrough != nil {
            passthrough = Array(rest)
        } else {
            for word in rest { if command.subcommands.isEmpty { try readOperand(word) } else { _ = try enter(word) } }
        }
        rest = []
    }

    /// Goes down to subcommand `word`. True when it was the word `help`, after which only command names are read.
    private mutating func enter(_ word: String) throws(UsageError) -> Bool {
        if let next = command.subcommands.first(where: { $0.name == word }) {
            chain.append(next)
            return false
        }
        guard word == "help" else {
            let hint = nearestWord(to: word, among: command.subcommands.map(\.name)).map { "did you mean '\($0)'?" }
            throw failure(.unknownCommand, "'\(words)' has no command '\(word.printable)'", hint)
        }
        while let name = rest.popFirst(), !name.hasPrefix("-"), !command.subcommands.isEmpty { if try enter(name) { break } }
        return true
    }

    private mutating func readOperand(_ word: String) throws(UsageError) {
        let specs = command.operands
        guard let spec = operands.count < specs.count ? specs[operands.count] : specs.last.flatMap({ $0.repeats ? $0 : nil }) else {
            throw failure(.unexpectedOperand, "'\(words)' does not take '\(word.printable)'")
        }
        if let (problem, hint) = spec.type.complaint(about: word) { throw failure(.invalidValue, "<\(spec.name)>: '\(word.printable)' \(problem)", hint) }
        operands.append(word)
    }

    private mutating func readLong(_ word: String) throws(UsageError) -> Invocation.Action? {
        let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let option = options.first(where: { $0.name == parts[0] }) else { throw unknown("--\(parts[0])", among: options.map { "--\($0.name)" }) }
        return try read(option, as: "--\(parts[0])", attached: parts.count > 1 ? parts[1] : nil)
    }

    /// `-s value`, `-svalue`, `-s=value` and grouped flags.
    private mutating func readShort(_ word: String) throws(UsageError) -> Invocation.Action? {
        var letters = word.dropFirst()
        while let letter = letters.popFirst() {
            guard let option = options.first(where: { $0.short == letter }) else { throw unknown("-\(letter)", among: []) }
            var attached: String?
            if option.type != nil || letters.first == "=" {
                attached = letters.isEmpty ? nil : String(letters.first == "=" ? letters.dropFirst() : letters)
                letters = ""
            }
            if let action = try read(option, as: "-\(letter)", attached: attached) { return action }
        }
        return nil
    }

    private func unknown(_ word: String, among known: [String]) -> UsageError {
        let message = "unknown option '\(word.printable)'"
        if let below = command.subcommands.lazy.compactMap({ owner(of: word, in: $0, [words]) }).first {
            return failure(.unknownOption, message, "it belongs to '\(below)': write it after that")
        }
        return failure(.unknownOption, message, nearestWord(to: word, among: known).map { "did you mean '\($0)'?" })
    }

    private func owner(of word: String, in command: CommandSpec, _ above: [String]) -> String? {
        let names = above + [command.name]
        if command.options.contains(where: { $0.words.contains(word) }) { return names.joined(separator: " ") }
        return command.subcommands.lazy.compactMap { owner(of: word, in: $0, names) }.first
    }

    private mutating func read(_ option: OptionSpec, as word: String, attached: String?) throws(UsageError) -> Invocation.Action? {
        guard let type = option.type else {
            if attached != nil { throw failure(.unwantedValue, "option '\(word)' takes no value") }
            if !command.declaresBuiltIn(option, chain) { return option.name == "help" ? .help : .version }
            try set(option, as: word, value: nil)
            return nil
        }
        let value: String
        if let attached { value = attached } else { value = try nextValue(of: option, as: word) }
        if let (problem, hint) = type.complaint(about: value) { throw failure(.invalidValue, "option '\(word)': '\(value.printable)' \(problem)", hint) }
        try set(option, as: word, value: value)
        return nil
    }

    private mutating func nextValue(of option: OptionSpec, as word: String) throws(UsageError) -> String {
        guard let next = rest.first, next != "--" else { throw failure(.missingValue, "option '\(word)' needs a value: \(option.placeholder ?? "")") }
        if options.contains(where: { $0.words.contains(next) }) {
            throw failure(.missingValue, "option '\(word)' needs a value, but '\(next)' follows", "if that is the value, write --\(option.name)=\(next)")
        }
        rest.removeFirst()
        return next
    }

    private mutating func set(_ option: OptionSpec, as word: String, value: String?) throws(UsageError) {
        var setting = settings[option.name] ?? Invocation.Setting(values: [], count: 0, source: .argument)
        if setting.count > 0, !option.repeats { throw failure(.duplicateOption, "option '\(word)' is given more than once") }
        setting.count += 1
        if let value { setting.values.append(value) }
        settings[option.name] = setting
    }

    mutating func fill(from environment: [String: String]) throws(UsageError) {
        for option in options where settings[option.name] == nil {
            if let variable = option.environment, let value = environment[variable], !value.isEmpty {
                try fill(option, from: variable, value)
            } else if let value = option.default {
                settings[option.name] = Invocation.Setting(values: [value], count: 1, source: .default)
            }
        }
    }

    private mutating func fill(_ option: OptionSpec, from variable: String, _ value: String) throws(UsageError) {
        guard let type = option.type else {
            if ["1", "true", "yes", "on"].contains(value.lowercased()) {
                settings[option.name] = Invocation.Setting(values: [], count: 1, source: .environment(variable))
            } else if !["0", "false", "no", "off"].contains(value.lowercased()) {
                throw failure(.invalidValue, "environment variable \(variable): '\(value.printable)' is neither yes nor no")
            }
            return
        }
        if let (problem, hint) = type.complaint(about: value) {
            throw failure(.invalidValue, "environment variable \(variable): '\(value.printable)' \(problem)", hint)
        }
        settings[option.name] = Invocation.Setting(values: [value], count: 1, source: .environment(variable))
    }

    func checkComplete() throws(UsageError) {
        if !command.subcommands.isEmpty {
            throw failure(.missingCommand, "'\(words)' needs a command", "one of: \(command.subcommands.map(\.name).joined(separator: ", "))")
        }
        for option in options where option.required && settings[option.name] == nil {
            throw failure(.missingOption, "'\(words)' needs option '--\(option.name)'", "\(option.help): --\(option.name) \(option.placeholder ?? "")")
        }
        if let missing = command.operands.dropFirst(operands.count).first(where: \.required) {
            throw failure(.missingOperand, "'\(words)' needs <\(missing.name)>", "\(missing.help); see '\(words) --help'")
        }
    }
}

extension CommandSpec {
    /// False for `--help` and `--version` where no table declares them.
    fileprivate func declaresBuiltIn(_ option: OptionSpec, _ chain: [CommandSpec]) -> Bool {
        (option.name != "help" && option.name != "version") || chain.contains { $0.options.contains { $0.name == option.name } }
    }
}

extension String {
    /// Fit for one line of a terminal: control characters escaped, cut after 80.
    var printable: String {
        let escaped = unicodeScalars.prefix(80).map { $0.properties.generalCategory == .control ? $0.escaped(asASCII: true) : String($0) }.joined()
        return unicodeScalars.count > 80 ? escaped + "…" : escaped
    }
}
