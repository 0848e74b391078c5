import BackupModel

/// The window of a pause for people: how long, from when to when, and what it proves.
struct WindowText {
    private let window: PauseWindow

    init(_ window: PauseWindow) { self.window = window }

    /// `application paused 84 ms, window 61 ms`.
    var lengths: String { "application paused \(Amount.fine(microseconds: window.outageMicroseconds)), window \(Amount.fine(microseconds: window.windowMicroseconds))" }

    var text: String {
        TextTable([], [["lengths", lengths]] + times + [["verdict", verdict]], indent: 2).text + DoubtText.list(window.doubts)
    }

    var times: [[String]] {
        [
            ["window", "\(window.started.fineText) to \(window.ended.fineText)"], ["middle", window.middle.fineText],
            ["safe part", window.safe.map { "\($0.from.fineText) to \($0.to.fineText)" } ?? "none: the window is too short for the clock allowance at both ends"],
        ]
    }

    private var verdict: String {
        guard window.isConsistent else { return "NOT CONSISTENT: the window proves nothing" }
        return "consistent: no transaction of '\(window.application)' was under way in the window"
    }
}

enum DoubtText {
    /// Empty when there is none.
    static func list(_ doubts: [PauseDoubt]) -> String {
        guard !doubts.isEmpty else { return "" }
        return "not consistent, because:\n" + doubts.map { "  [\($0.code.plain)] \($0.text.plain)\n" }.joined()
    }
}
