import BackupModel

/// The one place that prints failures: the chain of causes in a line, then a hint, then the code.
struct FailureText {
    private let failure: Failure
    private let run: RunID?

    init(_ failure: Failure, run: RunID? = nil) {
        self.failure = failure
        self.run = run
    }

    var text: String {
        // A hint may end with commands to copy, one a line.
        let hint = hint(of: failure).map { "HINT: \($0.split(separator: "\n").map { String($0).plain }.joined(separator: "\n      "))\n" } ?? ""
        return "error: \(line)\n\(hint)code: \(failure.code.plain)\(run.map { "   run: \($0)" } ?? "")\n"
    }

    /// With the node's name first unless the text has it.
    var line: String {
        let told = failure.description.plain
        guard let node = failure.node?.plain, !told.contains(node) else { return told }
        return "\(node): \(told)"
    }

    private func hint(of failure: Failure) -> String? { failure.hint ?? failure.cause.flatMap(hint) }
}
