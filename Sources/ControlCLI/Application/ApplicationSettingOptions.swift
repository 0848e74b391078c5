import BackupModel
import CommandParser
import ControlAPI

/// How an application is reached and for how long it may be paused: what `application add` and `application set` have in common.
enum ApplicationSettingOptions {
    static let table: [OptionSpec] = [
        .value("target", as: "HOST:PORT", repeats: true, help: "an instance's admin port, by its own address: never a load balancer's"),
        .value("srv", as: "NAME", repeats: true, help: "a DNS name whose SRV records list the instances, looked up once for each pause"),
        .flag("tls", help: "the admin ports are behind TLS"),
        .value("ca-file", as: "FILE", type: .path, help: "PEM file on the master with the authorities to trust, the system's if not given"),
        .value("authority", as: "NAME", help: "the name that the certificates bear, the target's own if not given"),
        .value("drain", as: "TIME", type: .duration, help: "for how long an instance may finish what it has begun, 30s if not given"),
        .value("window", as: "TIME", type: .duration, help: "for how long the application may then stay paused, 30s if not given"),
        .value("call-timeout", as: "TIME", type: .duration, help: "for connecting, and for a call that should answer at once, 5s if not given"),
        .value("clock-allowance", as: "TIME", type: .duration, help: "by how much clocks may differ, taken off both ends of a window's safe part, 500ms if not given"),
        .flag("allow-unverified", help: "take instances that cannot say whether they are paused (ScalarDB Server before 3.6) at their word; nothing is then called consistent"),
        .flag("require-node-guardian", help: "pause nothing for a backup unless a guardian on a node stands ready as well"),
    ]

    /// - Parameter body: What holds where nothing is given.
    static func body(_ context: CommandContext, changing body: ApplicationSettingsBody = ApplicationSettingsBody()) throws -> ApplicationSettingsBody {
        let given = context.invocation
        var body = body
        if !given.values("target").isEmpty { body.targets = try given.values("target").map { try PauseTarget($0) } }
        if !given.values("srv").isEmpty { body.services = given.values("srv") }
        if given.flag("tls") { body.tls = true }
        body.caFile = try context.absolutePath("ca-file") ?? body.caFile
        body.authority = given.value("authority") ?? body.authority
        body.drainSeconds = try context.seconds("drain") ?? body.drainSeconds
        body.windowSeconds = try context.seconds("window") ?? body.windowSeconds
        body.callSeconds = try context.seconds("call-timeout") ?? body.callSeconds
        body.clockAllowanceMilliseconds = context.milliseconds("clock-allowance") ?? body.clockAllowanceMilliseconds
        if given.flag("allow-unverified") { body.allowUnverified = true }
        if given.flag("require-node-guardian") { body.requireNodeGuardian = true }
        return body
    }

    static func check(_ body: ApplicationSettingsBody) throws {
        if (body.targets ?? []).isEmpty, (body.services ?? []).isEmpty { throw UsageFault("where are its instances?", hint: "--target HOST:PORT for each, or --srv NAME") }
        if body.tls != true, body.caFile != nil || body.authority != nil { throw UsageFault("--ca-file and --authority need --tls") }
    }
}
