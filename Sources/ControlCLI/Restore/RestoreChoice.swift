import BackupModel
import CommandParser
import ControlAPI

extension OptionSpec {
    static let fromBackup = OptionSpec.value("backup", as: "ID", help: "which backup, the newest complete one if not given")
    static let oneNode = OptionSpec.value("node", as: "ADDRESS", help: "only this node, by its address or host id")
    static let consistent = OptionSpec.flag("consistent", help: "take only a backup that is proven to hold no transaction by half")
    static let override = OptionSpec.value("override", as: "CODE", repeats: true, help: "take on what the plan refuses otherwise")
}

extension CommandContext {
    /// The request for a plan, as the options have it.
    func restoreChoice() throws -> RestoreStartBody {
        RestoreStartBody(
            cluster: try name("cluster"), backup: try name(option: "backup"), node: try name(option: "node", as: HostAddress.self)?.rawValue, overrides: invocation.values("override"),
            consistent: invocation.flag("consistent") ? true : nil)
    }

    func plan(_ choice: RestoreStartBody) throws -> RestorePlanBody {
        var question = choice
        question.planDigest = nil
        return try client.post("/restores/plan", question)
    }
}
