import BackupModel
import CommandParser
import ControlAPI

extension Command {
    static let restorePlan = Command(
        "plan", "Show what a restore would do, without doing it",
        discussion: "Without --node the plan is for the whole cluster. It names what is destroyed, what is moved, what speaks against it and the digest that 'restore start --plan-digest' takes.",
        options: [.fromBackup, .oneNode, .consistent], operands: [.cluster]
    ) { context in
        let plan = try context.plan(
            RestoreStartBody(
                cluster: try context.name("cluster"), backup: try context.name(option: "backup"), node: try context.name(option: "node", as: HostAddress.self)?.rawValue,
                consistent: context.invocation.flag("consistent") ? true : nil))
        context.show(plan) { PlanText(plan.plan, digest: plan.digest).text }
        return .done
    }
}
