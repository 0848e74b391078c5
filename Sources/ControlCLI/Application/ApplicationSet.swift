import BackupModel
import CommandParser
import ControlAPI

extension Command {
    private static let switches = ["tls", "allow-unverified", "require-node-guardian"]

    static let applicationSet = Command(
        "set", "Change an application's settings",
        discussion: "What is not named stays as it is. --target replaces all targets, --srv all names. A pause that is open keeps the instances that it began with.",
        options: ApplicationSettingOptions.table + [
            .flag("no-target", help: "no targets by address"), .flag("no-srv", help: "no names to look up"), .flag("no-tls", help: "the admin ports are not behind TLS"),
            .flag("no-allow-unverified", help: "refuse instances that cannot say whether they are paused"), .flag("no-require-node-guardian", help: "the guardian beside the master is enough"),
        ],
        operands: [.name("application")], examples: [CommandExample("aeneas application set shop --window 60s", "Let commands in the window take a minute")]
    ) { context in
        let name: ApplicationName = try context.name("name"), given = context.invocation
        for option in switches where given.flag(option) && given.flag("no-\(option)") { throw UsageFault("--\(option) and --no-\(option) exclude each other") }
        for option in ["target", "srv"] where !given.values(option).isEmpty && given.flag("no-\(option)") { throw UsageFault("--\(option) and --no-\(option) exclude each other") }
        guard (ApplicationSettingOptions.table.map(\.name) + switches.map { "no-\($0)" } + ["no-target", "no-srv"]).contains(where: { given.source($0) != nil }) else {
            throw UsageFault("what is to be changed?")
        }
        let before = try context.client.get("/applications/\(name)", as: ApplicationBody.self).settings
        let after = try ApplicationSettingOptions.body(context, changing: without(before, given))
        try ApplicationSettingOptions.check(after)
        let application = try context.client.put("/applications/\(name)/settings", after, as: ApplicationBody.self)
        context.show(application) { ApplicationText.one(application) }
        return .done
    }

    private static func without(_ settings: ApplicationSettingsBody, _ given: Invocation) -> ApplicationSettingsBody {
        var settings = settings
        if given.flag("no-target") { settings.targets = [] }
        if given.flag("no-srv") { settings.services = [] }
        if given.flag("no-tls") {
            settings.tls = false
            settings.caFile = nil
            settings.authority = nil
        }
        if given.flag("no-allow-unverified") { settings.allowUnverified = false }
        if given.flag("no-require-node-guardian") { settings.requireNodeGuardian = false }
        return settings
    }
}
