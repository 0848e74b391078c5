import BackupModel
import ControlAPI

extension Command {
    static let runCancel = Command("cancel", "End a run early, and wait until it has cleaned up", operands: [.id("run")]) { context in
        let run = try context.client.post("/runs/\(context.name("id", as: RunID.self))/cancel", as: RunBody.self)
        context.show(run) { "run \(run.id) is \(run.state)\n" }
        return .done
    }
}
