import BackupModel
import ControlAPI

enum RunText {
    static func list(_ runs: [RunBody]) -> String {
        guard !runs.isEmpty else { return "no runs\n" }
        return TextTable(
            ["ID", "KIND", "CLUSTER", "STATE", "STAGE", "STARTED", "TOOK", "OF"],
            runs.map { run in
                let took = run.ended.map { Amount.duration(from: run.started, to: $0) }
                return [run.id.rawValue, run.kind, run.cluster?.rawValue ?? "-", run.state, run.stages.last?.name ?? "-", run.started.text, took ?? "-", object(of: run) ?? "-"]
            }
        ).text
    }

    /// What it makes or works on, beside the cluster.
    private static func object(of run: RunBody) -> String? {
        run.restore?.rawValue ?? run.backup?.rawValue ?? run.application.map { "application \($0)" }
    }

    static func one(_ run: RunBody) -> String {
        var facts = [["kind", run.kind]]
        if let cluster = run.cluster { facts.append(["cluster", cluster.rawValue]) }
        if let application = run.application { facts.append(["application", application.rawValue]) }
        facts.append(["state", run.state])
        if let backup = run.backup { facts.append(["backup", backup.rawValue]) }
        if let restore = run.restore { facts.append(["restore", restore.rawValue]) }
        if let pause = run.pause { facts.append(["pause", pause.rawValue]) }
        facts.append(["started", run.started.text])
        if let ended = run.ended { facts.append(["ended", "\(ended.text), after \(Amount.duration(from: run.started, to: ended))"]) }
        if let failure = run.failure { facts += [["failure", FailureText(failure).line], ["code", failure.code]] }
        let sections = ["run \(run.id)\n" + TextTable([], facts, indent: 2).text, stages(run), nodes(run), events(run)]
        return sections.filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private static func stages(_ run: RunBody) -> String {
        guard !run.stages.isEmpty else { return "" }
        return TextTable(
            ["STAGE", "STATE", "STARTED", "TOOK", ""], run.stages.map { stage in
                [stage.name, stage.state, stage.started.timeText, stage.ended.map { Amount.duration(from: stage.started, to: $0) } ?? "-", stage.detail ?? ""]
            }
        ).text
    }

    private static func nodes(_ run: RunBody) -> String {
        guard !run.nodes.isEmpty else { return "" }
        return TextTable(
            ["NODE", "STAGE", "STATE", ""], run.nodes.map { node in [node.address, node.stage, node.state, node.failure.map { FailureText($0).line } ?? progress(node)] }
        ).text
    }

    private static func events(_ run: RunBody) -> String { run.events.isEmpty ? "" : "events:\n" + run.events.map { "  \(event($0))\n" }.joined() }

    /// `14:55:01Z warning 10.0.0.7: text [code]`.
    static func event(_ event: RunBody.Event) -> String {
        let level = event.level == .info ? "" : " \(event.level.rawValue.uppercased())"
        let node = event.node.map { event.text.contains($0) ? "" : "\($0): " } ?? ""
        return "\(event.at.timeText)\(level) \(node)\(event.text)\(event.code.map { " [\($0)]" } ?? "")".plain
    }

    /// `45%, 1.2 GiB of 2.7 GiB (512 MiB reused), 120 MiB/s, 12 s left`; empty when nothing is counted.
    static func progress(_ node: RunBody.Node) -> String {
        guard let progress = node.progress else { return "" }
        var parts: [String] = []
        if let share = progress.share { parts.append("\(share)%") }
        if progress.bytesTotal > 0 {
            parts.append("\(Amount.bytes(progress.bytesDone)) of \(Amount.bytes(progress.bytesTotal))" + (progress.bytesReused > 0 ? " (\(Amount.bytes(progress.bytesReused)) reused)" : ""))
        } else if progress.itemsTotal > 0 {
            parts.append("\(progress.itemsDone) of \(progress.itemsTotal)")
        }
        if let rate = node.bytesPerSecond { parts.append(Amount.rate(rate)) }
        if let left = node.secondsLeft { parts.append("\(Amount.duration(left)) left") }
        if parts.isEmpty, let current = progress.current { parts.append(current) }
        return parts.joined(separator: ", ").plain
    }
}

extension RunBody {
    /// The cluster it works on, or the application.
    var subject: String { (cluster?.rawValue ?? application?.rawValue ?? "?").plain }
}

extension Progress {
    /// Whole percent, of bytes where they are counted; nil without a total.
    var share: Int? {
        let (done, total) = bytesTotal > 0 ? (bytesDone, bytesTotal) : (itemsDone, itemsTotal)
        guard total > 0 else { return nil }
        return min(100, max(0, Int(Double(done) * 100 / Double(total))))
    }
}
