import BackupModel
import CommandParser
import ControlAPI

extension Command {
    static let pauseStatus = Command(
        "status", "Ask every instance of every application whether it is paused", operands: [.anyApplication],
        exitCodes: [ExitCode(0, "every instance answers, and is open"), ExitCode(1, "failed"), ExitCode(3, "an instance is paused, cannot tell or does not answer"), ExitCode(64, "wrong usage")]
    ) { context in
        let names = try context.anyApplication.map { [$0] } ?? context.client.get("/applications", as: [ApplicationBody].self).map(\.name)
        let applications = try names.map { try context.client.get("/applications/\($0)/status", as: ApplicationStatusBody.self, seconds: ControlClient.patientSeconds) }
        context.show(applications) { ApplicationText.status(applications) }
        return applications.allSatisfy(\.isOpen) ? .done : .notAllOpen
    }
}
