import BackupModel
import ControlAPI

/// Shows a run while it goes.
protocol RunPresenter {
    /// - Parameter new: Events that were not shown yet.
    mutating func show(_ run: RunBody, new: [RunBody.Event])
    /// Something about the watching itself.
    mutating func notice(_ text: String)
    /// Nothing more comes.
    mutating func end()
}

/// Prints nothing: the result comes as JSON.
struct SilentPresenter: RunPresenter {
    func show(_ run: RunBody, new: [RunBody.Event]) {}
    func notice(_ text: String) {}
    func end() {}
}

/// Each event as a line of JSON.
struct EventLinesPresenter: RunPresenter {
    let console: Console

    func show(_ run: RunBody, new: [RunBody.Event]) { for event in new { console.line(String(decoding: JSONText.encode(event), as: UTF8.self)) } }
    func notice(_ text: String) { console.writeError(text + "\n") }
    func end() {}
}
