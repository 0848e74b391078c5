import BackupModel
import ControlAPI

extension Command {
    static let pauseShow = Command("show", "Show a pause's window, what it proves, and every call to the instances", operands: [.id("pause")]) { context in
        let pause = try context.client.get("/pauses/\(context.name("id", as: PauseID.self))", as: PauseBody.self)
        context.show(WindowTimes(pause)) { PauseText.one(pause) }
        return .done
    }
}
