import BackupModel
import CommandParser
import ControlAPI

extension CommandContext {
    /// Watches a run to its end unless `--no-wait` was given, and says how it ended.
    ///
    /// - Parameter after: What to print besides once it has succeeded, as text.
    func follow(_ started: RunStartedBody, _ opening: String, after: (RunBody) throws -> String = { _ in "" }) throws -> ProgramExit {
        if invocation.flag("no-wait") {
            show(started) { "\(opening), run \(started.run)\n" }
            return .done
        }
        if !wantsJSON { console.line("\(opening), run \(started.run)") }
        return try watch(started.run, presenter: wantsJSON ? SilentPresenter() : presenter, after: after)
    }

    var presenter: any RunPresenter { console.terminalSize() == nil ? LinePresenter(console: console) : BarPresenter(console: console) }

    /// - Parameter printsRun: Whether the run itself is printed, where JSON was asked for.
    func watch(_ id: RunID, presenter: any RunPresenter, printsRun: (RunBody) -> Bool = { _ in true }, after: (RunBody) throws -> String = { _ in "" }) throws -> ProgramExit {
        var watcher = RunWatcher(self, id, presenter: presenter)
        guard let run = try watcher.watch() else { return .interrupted }
        if wantsJSON, printsRun(run) { console.write(String(decoding: JSONText.encodeDocument(run), as: UTF8.self)) }
        let outcome = RunOutcome(run)
        console.writeError(outcome.errors)
        if !wantsJSON {
            if outcome.status == .done { console.line(outcome.line) }
            console.write(try after(run))
        }
        return outcome.status
    }
}

/// How a run that is over ended.
struct RunOutcome {
    private let run: RunBody

    init(_ run: RunBody) { self.run = run }

    var status: ProgramExit {
        switch run.state {
        case "succeeded": .done
        case "partly-failed": .someNodesFailed
        default: .failed
        }
    }

    var line: String { "\(run.kind) of '\(run.subject)' \(run.state)\(run.ended.map { " after \(Amount.duration(from: run.started, to: $0))" } ?? "")" }

    /// Empty when it succeeded; else a line for each failed node and the failure of the whole.
    var errors: String {
        guard status != .done else { return "" }
        let whole = run.failure ?? Failure(code, line)
        let nodes = run.nodes.compactMap { node in node.failure.map { $0.on(node.address) } }.filter { FailureText($0).line != FailureText(whole).line }
        return nodes.map { "error: \(FailureText($0).line) [\($0.code.plain)]\n" }.joined() + FailureText(whole, run: run.id).text
    }

    private var code: String {
        switch run.state {
        case "cancelled": "run.cancelled"
        case "interrupted": "run.interrupted"
        default: "run.partly-failed"
        }
    }
}
