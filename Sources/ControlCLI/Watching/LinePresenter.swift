import BackupModel
import ControlAPI

/// Lines for a pipe or a log: stages as they change, events, and each node's progress now and then.
struct LinePresenter: RunPresenter {
    private static let quietMilliseconds = 5000

    private let console: Console
    private var stages: [String] = []
    private var nodes: [HostID: (at: Int, text: String)] = [:]

    init(console: Console) { self.console = console }

    mutating func show(_ run: RunBody, new: [RunBody.Event]) {
        for (index, stage) in run.stages.enumerated() { show(stage, at: index) }
        for event in new { console.line(RunText.event(event)) }
        for node in run.nodes { show(node) }
    }

    func notice(_ text: String) { console.writeError(text + "\n") }
    func end() {}

    private mutating func show(_ stage: RunBody.Stage, at index: Int) {
        let known = index < stages.count ? stages[index] : nil
        guard known != stage.state else { return }
        if known == nil { stages.append(stage.state) } else { stages[index] = stage.state }
        let took = stage.ended.map { " after \(Amount.duration(from: stage.started, to: $0))" } ?? ""
        let detail = stage.detail.map { ": \($0)" } ?? ""
        console.line("\((stage.ended ?? stage.started).timeText) \(stage.name): \(stage.state)\(took)\(detail)".plain)
    }

    private mutating func show(_ node: RunBody.Node) {
        let text = node.failure.map { "failed: \($0.description)" } ?? (node.state == "running" ? RunText.progress(node) : "")
        guard !text.isEmpty else { return }
        let line = "\(node.address) \(node.stage): \(text)".plain, now = console.uptimeMilliseconds()
        if let last = nodes[node.hostID], last.text == line || (node.failure == nil && now - last.at < Self.quietMilliseconds) { return }
        nodes[node.hostID] = (now, line)
        console.line("\(node.updated.timeText) \(line)")
    }
}
