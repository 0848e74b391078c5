import BackupModel
import ControlAPI

extension Command {
    static let runShow = Command("show", "Show a run's stages, nodes and events", operands: [.id("run")]) { context in
        let run = try context.client.get("/runs/\(context.name("id", as: RunID.self))", as: RunBody.self)
        context.show(run) { RunText.one(run) }
        return .done
    }
}
