import BackupModel
import ControlAPI

/// Only what went wrong.
struct WarningsPresenter: RunPresenter {
    let console: Console

    func show(_ run: RunBody, new: [RunBody.Event]) { for event in new where event.level != .info { console.writeError(RunText.event(event) + "\n") } }
    func notice(_ text: String) { console.writeError(text + "\n") }
    func end() {}
}
