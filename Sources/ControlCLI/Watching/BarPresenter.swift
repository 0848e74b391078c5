import BackupModel
import ControlAPI

/// A bar for each node, redrawn in place; stages and events scroll by above.
struct BarPresenter: RunPresenter {
    private let console: Console
    private var lines: LinePresenter
    private var drawn = 0
    private var last: RunBody?

    init(console: Console) {
        self.console = console
        // Nodes are shown by their bars.
        lines = LinePresenter(console: console)
    }

    mutating func show(_ run: RunBody, new: [RunBody.Event]) {
        erase()
        var withoutNodes = run
        withoutNodes.nodes = []
        lines.show(withoutNodes, new: new)
        last = run
        draw()
    }

    mutating func notice(_ text: String) {
        erase()
        console.writeError(text + "\n")
        draw()
    }

    mutating func end() {
        last = nil
        drawn = 0
    }

    private mutating func erase() {
        if drawn > 0 { console.write("\u{1B}[\(drawn)A\u{1B}[J") }
        drawn = 0
    }

    private mutating func draw() {
        guard let last, let size = console.terminalSize() else { return }
        let bars = ProgressBars.lines(last.nodes, columns: size.columns, rows: size.rows - 2)
        console.write(bars.map { $0 + "\n" }.joined())
        drawn = bars.count
    }
}

enum ProgressBars {
    private static let barWidth = 20

    /// A line for each node that fits, those in trouble or in work first, and one for the rest.
    static func lines(_ nodes: [RunBody.Node], columns: Int, rows: Int) -> [String] {
        let ordered = nodes.count <= rows ? nodes : nodes.filter { $0.state == "failed" } + nodes.filter { $0.state == "running" } + nodes.filter { !["failed", "running"].contains($0.state) }
        let room = max(1, nodes.count <= rows ? rows : rows - 1), hidden = ordered.dropFirst(room)
        let shown = ordered.prefix(room)
        let widths = (shown.map(\.address.count).max() ?? 0, shown.map(\.stage.count).max() ?? 0)
        let lines = shown.map { line($0, widths).plain.cut(to: columns - 1) }
        guard !hidden.isEmpty else { return lines }
        return lines + ["… and \(Amount.count(hidden.count, "node")) more, \(hidden.filter { $0.state == "done" }.count) of them done".cut(to: columns - 1)]
    }

    private static func line(_ node: RunBody.Node, _ widths: (address: Int, stage: Int)) -> String {
        let head = "\(node.address.padded(to: widths.address))  \(node.stage.padded(to: widths.stage))  "
        if let failure = node.failure { return head + "failed: \(failure.description)" }
        guard node.state == "running" else { return head + node.state }
        let bar = node.progress?.share.map { share in
            let full = barWidth * share / 100
            return "[" + String(repeating: "#", count: full) + String(repeating: ".", count: barWidth - full) + "] "
        }
        return head + (bar ?? "") + (node.progress == nil ? "…" : RunText.progress(node))
    }
}
