import BackupModel
import ControlAPI

enum ApplicationText {
    static func list(_ applications: [ApplicationBody]) -> String {
        guard !applications.isEmpty else { return "no application is known: see 'aeneas application add --help'\n" }
        return TextTable(["NAME", "INSTANCES", "TLS", "ADDED"], applications.map { [$0.name.rawValue, instances($0.settings), $0.settings.tls == true ? "yes" : "-", $0.created.text] }).text
    }

    /// Where they are, as it was given.
    static func instances(_ settings: ApplicationSettingsBody) -> String {
        ((settings.targets ?? []).map(\.description) + (settings.services ?? []).map { "SRV \($0)" }).joined(separator: ", ").plain
    }

    static func one(_ application: ApplicationBody) -> String {
        let settings = application.settings
        var facts = [["instances", instances(settings)]]
        if settings.tls == true {
            facts.append(["TLS", "trusting \(settings.caFile ?? "the system's authorities")" + (settings.authority.map { ", certificates for \($0)" } ?? "")])
        } else {
            facts.append(["TLS", "no"])
        }
        facts += [
            ["drain", seconds(settings.drainSeconds, 30)], ["window", "at most \(seconds(settings.windowSeconds, 30))"], ["call timeout", seconds(settings.callSeconds, 5)],
            ["clock allowance", "\(settings.clockAllowanceMilliseconds ?? 500) ms"], ["unverifiable instances", settings.allowUnverified == true ? "ALLOWED" : "refused"],
            ["guardian on a node", settings.requireNodeGuardian == true ? "required" : "if one can be had"], ["added", application.created.text],
        ]
        return "application '\(application.name)'\n" + TextTable([], facts, indent: 2).text
    }

    private static func seconds(_ value: Int?, _ standard: Int) -> String { Amount.duration(value ?? standard) }

    /// A line for each instance, with the pause that holds it, and what to do about those that are not open.
    static func status(_ applications: [ApplicationStatusBody]) -> String {
        guard !applications.isEmpty else { return "no application is known: see 'aeneas application add --help'\n" }
        let rows = applications.flatMap { application in
            application.targets.map { target in
                let pause = application.openPauses.first { $0.targets.contains(target.target) }
                return [
                    application.name.rawValue, target.target.description, target.state == "open" ? "open" : target.state.uppercased(), pause.map { ($0.windowStarted ?? $0.intended).text } ?? "-",
                    pause?.run.rawValue ?? "-", target.detail ?? "",
                ]
            }
        }
        return TextTable(["APPLICATION", "INSTANCE", "STATE", "SINCE", "RUN", ""], rows).text + applications.map(advice).joined()
    }

    private static func advice(_ application: ApplicationStatusBody) -> String {
        if let pause = application.openPauses.first { return "\nto open '\(application.name)' at once: aeneas pause end \(pause.id)\n" }
        guard application.targets.contains(where: { $0.state == "paused" }) else { return "" }
        return "\n'\(application.name)' was paused by somebody else, or by a pause that is no longer on record; to open it: aeneas pause end \(application.name)\n"
    }
}

extension ApplicationStatusBody {
    var isOpen: Bool { targets.allSatisfy { $0.state == "open" } }
}
