import BackupModel
import ControlAPI

enum PauseText {
    static func list(_ pauses: [PauseBody]) -> String {
        guard !pauses.isEmpty else { return "no pauses\n" }
        return TextTable(
            ["ID", "APPLICATION", "STATE", "SINCE", "WINDOW", "CONSISTENT", "RUN"],
            pauses.map { pause in
                [
                    pause.id.rawValue, pause.application.rawValue, state(pause), (pause.windowStarted ?? pause.intended).text, pause.window.map { Amount.fine(microseconds: $0.windowMicroseconds) } ?? "-",
                    pause.window.map { $0.isConsistent ? "yes" : "NO" } ?? "-", pause.run.rawValue,
                ]
            }
        ).text
    }

    /// In capitals while an instance may still be closed.
    private static func state(_ pause: PauseBody) -> String { pause.isOpen ? pause.state.uppercased() : pause.state }

    static func one(_ pause: PauseBody) -> String {
        var facts = [
            ["application", pause.application.rawValue], ["state", state(pause)], ["run", pause.run.rawValue], ["instances", pause.targets.map(\.description).joined(separator: ", ")],
            ["intended", pause.intended.fineText], ["deadline", pause.deadline.fineText],
        ]
        if let ended = pause.ended { facts.append(["proven open", ended.fineText]) }
        if let detail = pause.detail { facts.append(["detail", detail]) }
        let window = pause.window.map { "\n" + WindowText($0).text } ?? ""
        return "pause \(pause.id)\n" + TextTable([], facts, indent: 2).text + window + calls(pause.calls ?? []) + advice(pause)
    }

    /// What came of it, for whoever waited.
    static func outcome(_ pause: PauseBody) -> String {
        guard let window = pause.window else { return "pause \(pause.id) of '\(pause.application)' had no window\n" + advice(pause) }
        return "pause \(pause.id) of '\(pause.application)'\n" + WindowText(window).text + advice(pause)
    }

    private static func calls(_ calls: [PauseCall]) -> String {
        guard !calls.isEmpty else { return "" }
        let rows = calls.map { [milliseconds($0.sentMicroseconds), milliseconds($0.tookMicroseconds), $0.target.description, $0.name.rawValue, $0.outcome] }
        return "\n" + TextTable(["AT MS", "TOOK MS", "INSTANCE", "CALL", "ANSWER"], rows, rightAligned: [0, 1]).text
    }

    /// `12.345`.
    private static func milliseconds(_ microseconds: Int) -> String { "\(microseconds / 1000).\(String(1000 + abs(microseconds) % 1000).dropFirst())" }

    private static func advice(_ pause: PauseBody) -> String {
        guard pause.isOpen else { return "" }
        return "\n'\(pause.application)' may still be paused; to open it at once: aeneas pause end \(pause.id)\n"
    }
}
