import BackupModel
import CommandParser
import ControlAPI

extension Command {
    static let applicationCheck = Command(
        "check", "Ask every instance whether it is paused, which pauses nothing", operands: [.name("application")],
        exitCodes: [ExitCode(0, "every instance answers, and is open"), ExitCode(1, "failed"), ExitCode(3, "an instance is paused, cannot tell or does not answer"), ExitCode(64, "wrong usage")]
    ) { context in
        let status = try context.client.get(
            "/applications/\(context.name("name", as: ApplicationName.self))/status", as: ApplicationStatusBody.self, seconds: ControlClient.patientSeconds)
        context.show(status) { ApplicationText.status([status]) }
        return status.isOpen ? .done : .notAllOpen
    }
}
