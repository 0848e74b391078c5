/// A command line that was understood: which command, and the values it was given.
package struct Invocation: Sendable {
    package enum Action: Sendable, Equatable {
        case run
        /// Show `help(for: path)`; nothing was checked for completeness.
        case help
        case version
    }

    package enum Source: Sendable, Equatable {
        case argument
        /// The variable's name.
        case environment(String)
        case `default`
    }

    package var action: Action
    /// Command names below the program's.
    package var path: [String]
    /// In order, those after `--` included unless the command hands these on.
    package var operands: [String]
    /// Words after `--` of a command that hands them on.
    package var passthrough: [String]

    var settings: [String: Setting]
    var declaredOptions: Set<String>
    var operandSpecs: [OperandSpec]

    struct Setting: Sendable {
        /// Empty for a flag that is given; one for each time otherwise.
        var values: [String]
        var count: Int
        var source: Source
    }

    private func setting(_ name: String) -> Setting? {
        assert(declaredOptions.contains(name), "option --\(name) is not declared for '\(path.joined(separator: " "))'")
        return settings[name]
    }

    /// Whether the command understands option `name` at all.
    package func declares(_ name: String) -> Bool { declaredOptions.contains(name) }

    /// The last value given, from the environment, or the default.
    package func value(_ name: String) -> String? { setting(name)?.values.last }

    package func values(_ name: String) -> [String] { setting(name)?.values ?? [] }

    package func flag(_ name: String) -> Bool { count(name) > 0 }

    /// How often a repeating flag was given.
    package func count(_ name: String) -> Int { setting(name)?.count ?? 0 }

    package func source(_ name: String) -> Source? { setting(name)?.source }

    package func integer(_ name: String) -> Int64? { value(name).flatMap { Int64($0) } }

    package func duration(_ name: String) -> Duration? { value(name).flatMap(Quantity.duration) }

    package func byteCount(_ name: String) -> Int64? { value(name).flatMap(Quantity.byteCount) }

    /// The operand called `name` in the table; the first one of a repeating operand.
    package func operand(_ name: String) -> String? { operands(name).first }

    package func operands(_ name: String) -> [String] {
        guard let index = operandSpecs.firstIndex(where: { $0.name == name }) else {
            assertionFailure("operand <\(name)> is not declared for '\(path.joined(separator: " "))'")
            return []
        }
        guard index < operands.count else { return [] }
        return operandSpecs[index].repeats ? Array(operands[index...]) : [operands[index]]
    }
}
