import BackupModel
import CommandParser
import ControlAPI

extension Command {
    static let restoreStart = Command(
        "start", "Restore a node or the whole cluster from a backup",
        discussion: """
            Shows the plan and asks for the cluster's name to be typed. Where nobody can be asked, --yes confirms the plan as it is now, and --plan-digest one that was looked at \
            before: it is refused if the plan has changed since.

            Everything is downloaded and verified before anything is stopped. What was there is set aside and stays until 'restore drop', or until 'restore rollback' puts it back.

            --only gives back what a command of 'backup start --with' wrote, and touches no node: the file is written here, for you alone, once its hash has proven right.
            """,
        options: [
            .fromBackup, .oneNode, .flag("whole-cluster", help: "all nodes: everything written since the backup is lost"), .consistent, .override, .yes,
            .value("plan-digest", as: "DIGEST", help: "the plan that was confirmed"), .flag("drop-aside", help: "remove what was set aside once the restore has succeeded"),
            .value("only", as: "NAME=FILE", repeats: true, help: "write the backup's file NAME to FILE here, and restore nothing else"), .flag("force", help: "replace a FILE that is there"), .noWait,
        ],
        operands: [.cluster], exitCodes: ProgramExit.watching,
        examples: [
            CommandExample("aeneas restore start shop --node 10.0.0.7", "Put a node back that lost its disk"),
            CommandExample("aeneas restore start shop --whole-cluster --backup 20261124T145501Z-1a2b3c", "Take the cluster back to a backup"),
            CommandExample("aeneas restore start shop --backup 20261124T145501Z-1a2b3c --only pg=shop.dump", "Get a dump out of it"),
        ]
    ) { context in
        if !context.invocation.values("only").isEmpty { return try FileRestore(context).run() }
        try checkRestoreOptions(context)
        var choice = try context.restoreChoice()
        let plan = try context.plan(choice)
        showPlan(plan, context)
        try refuseUnsound(plan.plan, overrides: choice.overrides)
        choice.planDigest = try context.invocation.value("plan-digest") ?? confirmedDigest(plan, context)
        // The plan chose the newest; a newer one must not slip in.
        choice.backup = plan.plan.backup
        let started = try context.client.post("/restores", choice, as: RunStartedBody.self)
        let opening = "restore \(started.restore?.rawValue ?? "?") of '\(choice.cluster)' started"
        guard context.invocation.flag("drop-aside"), let restore = started.restore else { return try context.follow(started, opening) { _ in try whatNext(started, context) } }
        return try restoreThenDrop(started, restore, opening, context)
    }

    private static func checkRestoreOptions(_ context: CommandContext) throws {
        let given = context.invocation
        if given.flag("force") { throw UsageFault("--force is for --only") }
        switch (given.value("node"), given.flag("whole-cluster")) {
        case (.some, true): throw UsageFault("--node and --whole-cluster exclude each other")
        case (nil, false): throw UsageFault("what is to be restored?", hint: "--node ADDRESS or --whole-cluster")
        default: break
        }
        if given.flag("yes"), given.value("plan-digest") != nil { throw UsageFault("--yes and --plan-digest exclude each other") }
        if given.flag("drop-aside"), given.flag("no-wait") { throw UsageFault("--drop-aside has to wait for the end", hint: "leave out --no-wait, or drop later: 'aeneas restore drop'") }
        if !given.flag("yes"), given.value("plan-digest") == nil, !context.console.isInteractive {
            throw UsageFault("nobody can be asked here to confirm the plan", hint: "--yes, or --plan-digest with the digest that 'aeneas restore plan' shows")
        }
    }

    private static func showPlan(_ plan: RestorePlanBody, _ context: CommandContext) {
        let text = PlanText(plan.plan, digest: plan.digest).text + "\n"
        let asks = context.console.isInteractive && !context.invocation.flag("yes")
        // Whoever is asked must see it, also when the output goes elsewhere.
        if asks, context.wantsJSON || context.console.terminalSize() == nil { context.console.writeError(text) } else if !context.wantsJSON { context.console.write(text) }
    }

    /// The master refuses the same; here it comes before the question.
    private static func refuseUnsound(_ plan: BackupModel.RestorePlan, overrides: [String]) throws {
        if let refusal = plan.refusals.first { throw Failure(refusal.code, refusal.text, hint: "the plan shows what else speaks against it", node: refusal.node) }
        let missing = plan.overridesNeeded.filter { !overrides.contains($0) }
        guard missing.isEmpty else {
            let told = plan.findings.filter { missing.contains($0.code) }.map(\.text).joined(separator: "; ")
            throw Failure("restore.override-needed", told, hint: "if you take this on: " + missing.map { "--override \($0)" }.joined(separator: " "))
        }
    }

    private static func confirmedDigest(_ plan: RestorePlanBody, _ context: CommandContext) throws -> String {
        if context.invocation.flag("yes") { return plan.digest }
        guard context.console.ask("type the cluster's name to go on: ") == plan.plan.cluster.rawValue else {
            throw Failure("control.not-confirmed", "not confirmed: nothing was done")
        }
        return plan.digest
    }

    private static func whatNext(_ started: RunStartedBody, _ context: CommandContext) throws -> String {
        guard let id = started.restore else { return "" }
        return RestoreText.next(try context.client.get("/restores/\(id)"))
    }

    private static func restoreThenDrop(_ started: RunStartedBody, _ id: RestoreID, _ opening: String, _ context: CommandContext) throws -> ProgramExit {
        if !context.wantsJSON { context.console.line("\(opening), run \(started.run)") }
        let presenter: any RunPresenter = context.wantsJSON ? SilentPresenter() : context.presenter
        let status = try context.watch(started.run, presenter: presenter, printsRun: { $0.state != "succeeded" }) { run in
            run.state == "succeeded" ? "" : try whatNext(started, context)
        }
        guard status == .done else { return status }
        return try context.follow(try context.client.post("/restores/\(id)/drop"), "removing what was set aside")
    }
}
