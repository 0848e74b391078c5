import CommandParser

/// A command's place in the table and what it does.
struct Command: Sendable {
    typealias Action = @Sendable (CommandContext) throws -> ProgramExit

    let spec: CommandSpec
    private let action: Action?
    private let children: [Command]

    init(
        _ name: String, _ summary: String, discussion: String = "", options: [OptionSpec] = [], operands: [OperandSpec] = [], exitCodes: [ExitCode] = ProgramExit.plain,
        examples: [CommandExample] = [], action: @escaping Action
    ) {
        spec = CommandSpec(
            name: name, summary: summary, discussion: discussion, options: options, operands: operands, exitCodes: exitCodes, examples: examples)
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

package enum ProgramExit: Int32 {
    case done = 0
    case failed = 1
    case someNodesFailed = 3
    case usage = 64
    /// 128 and the signal's number, as shells have it.
    case interrupted = 130

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
