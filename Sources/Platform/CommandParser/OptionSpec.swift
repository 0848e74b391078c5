/// What a value is, checked while parsing.
package enum ValueType: Sendable, Equatable {
    case string
    case integer
    /// As `Quantity.duration` reads it: `500ms`, `30s`, `5m`, `2h`, `1d`.
    case duration
    /// As `Quantity.byteCount` reads it: `64MiB`, `1GB`, `4096`.
    case byteCount
    case path
    /// One of these words.
    case choice([String])
}

/// One option. `name` is without the dashes; `--help`, `-h` and `--version` are there by themselves.
package struct OptionSpec: Sendable {
    package enum Kind: Sendable, Equatable {
        case flag
        /// `name` is the placeholder that help shows.
        case value(name: String, type: ValueType)
    }

    package var name: String
    package var short: Character?
    package var kind: Kind
    package var repeats: Bool
    package var required: Bool
    package var `default`: String?
    /// Variable that is read when the option is not given. For a flag, `1`, `true`, `yes` and `on` set it.
    package var environment: String?
    package var help: String

    package init(
        _ name: String, short: Character? = nil, kind: Kind = .flag, repeats: Bool = false, required: Bool = false, default: String? = nil,
        environment: String? = nil, help: String
    ) {
        self.name = name
        self.short = short
        self.kind = kind
        self.repeats = repeats
        self.required = required
        self.default = `default`
        self.environment = environment
        self.help = help
    }

    package static func flag(_ name: String, short: Character? = nil, repeats: Bool = false, environment: String? = nil, help: String) -> OptionSpec {
        OptionSpec(name, short: short, kind: .flag, repeats: repeats, environment: environment, help: help)
    }

    package static func value(
        _ name: String, short: Character? = nil, as placeholder: String, type: ValueType = .string, repeats: Bool = false, required: Bool = false,
        default: String? = nil, environment: String? = nil, help: String
    ) -> OptionSpec {
        OptionSpec(
            name, short: short, kind: .value(name: placeholder, type: type), repeats: repeats, required: required, default: `default`,
            environment: environment, help: help
        )
    }

    static let help = OptionSpec.flag("help", short: "h", help: "show help for this command")
    static let version = OptionSpec.flag("version", help: "show the version")

    var type: ValueType? {
        if case .value(_, let type) = kind { return type }
        return nil
    }

    var placeholder: String? {
        if case .value(let name, _) = kind { return name }
        return nil
    }

    /// `-s`, `--store`.
    var words: [String] { (short.map { ["-\($0)"] } ?? []) + ["--\(name)"] }

    /// `help` followed by what the table knows beside it.
    var explanation: String {
        var notes: [String] = []
        if case .choice(let words) = type { notes.append("one of: \(words.joined(separator: ", "))") }
        if let `default` { notes.append("default: \(`default`)") }
        if let environment { notes.append("environment: \(environment)") }
        if required { notes.append("required") }
        if repeats { notes.append("may be repeated") }
        return notes.isEmpty ? help : "\(help) (\(notes.joined(separator: "; ")))"
    }
}

extension [CommandSpec] {
    /// The options that the last command of this chain understands: its own first, then those it inherits, then the built-in ones.
    var visibleOptions: (own: [OptionSpec], inherited: [OptionSpec]) {
        let declared = flatMap(\.options)
        var builtIn = declared.contains { $0.name == "help" } ? [] : [OptionSpec.help]
        if let root = first, root.version != nil, !declared.contains(where: { $0.name == "version" }) { builtIn.append(.version) }
        let inherited = dropLast().reversed().flatMap(\.options) + builtIn
        return (last?.options ?? [], inherited)
    }
}
