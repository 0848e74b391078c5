import CommandParser

extension Command {
    static let completions = Command(
        "completions", "Print a shell's completions for aeneas", operands: [OperandSpec("shell", type: .choice(Shell.allCases.map(\.rawValue)), help: "which shell")],
        examples: [CommandExample("source <(aeneas completions bash)", "Complete in this bash")]
    ) { context in
        guard let shell = context.invocation.operand("shell").flatMap(Shell.init) else { throw UsageFault("no such shell") }
        context.console.write(context.table.completions(shell))
        return .done
    }
}
