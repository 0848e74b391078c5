import CommandParser

/// A command's place in the table and what it does.
struct Command: Sendable {
    typealias Action = @Sendable (CommandContext) throws -> ProgramExit

    let spec: CommandSpec
    private let action: Action?
    private let children: [Command]

    init(
        _ name: String, _ summary: String, discussion: String = "", options: [OptionSpec] = [], operands: [OperandSpec] = [], exitCodes: [ExitCode] = ProgramExit.plain,
        examples: [CommandExample] = [], passthrough: String? = nil, action: @escaping Action
    ) {
        spec = CommandSpec(
            name: name, summary: summary, discussion: discussion, options: options, operands: operands, exitCodes: exitCodes, examples: examples, passthrough: passthrough)
        self.action = action
        children = []
    }

    init(group name: String, _ summary: String, discussion: String = "", options: [OptionSpec] = [], version: String? = nil, _ children: [Command]) {
        spec = CommandSpec(name: name, summary: summary, discussion: discussion, options: options, subcommands: children.map(\.spec), version: version)
        action = nil
        self.children = children
    }

    func action(at path: [String]) -> Action? {
        guard let name = path.first else { return action }
        return children.first { $0.spec.name == name }?.action(at: Array(path.dropFirst()))
    }
}

package struct ProgramExit: RawRepresentable, Hashable, Sendable {
    package let rawValue: Int32
    package init(rawValue: Int32) { self.rawValue = rawValue }

    package static let done = ProgramExit(rawValue: 0)
    package static let failed = ProgramExit(rawValue: 1)
    package static let someNodesFailed = ProgramExit(rawValue: 3)
    package static let notAllOpen = ProgramExit(rawValue: 3)
    /// The backup is there, and is less than what was asked for.
    package static let keptPlain = ProgramExit(rawValue: 3)
    package static let usage = ProgramExit(rawValue: 64)
    /// 128 and the signal's number, as shells have it.
    package static let interrupted = ProgramExit(rawValue: 130)

    static let plain = [ExitCode(0, "done"), ExitCode(1, "failed"), ExitCode(64, "wrong usage")]
    static let watching = [
        ExitCode(0, "done"), ExitCode(1, "failed"), ExitCode(3, "some nodes failed"), ExitCode(64, "wrong usage"),
        ExitCode(130, "interrupted while watching: the run itself goes on"),
    ]
}

/// A command line that parses and still makes no sense.
struct UsageFault: Error {
    let message: String
    let hint: String?

    init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }
}
