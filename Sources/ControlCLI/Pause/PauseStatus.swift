import BackupModel
import CommandParser
import ControlAPI

extension Command {
    static let pauseStatus = Command(
        "status", "Ask every instance of every application whether it is paused", operands: [.anyApplication],
        exitCodes: [ExitCode(0, "every instance answers, and is open"), ExitCode(1, "failed"), ExitCode(3, "an instance is paused, cannot tell or does not answer"), ExitCode(64, "wrong usage")]
    ) { context in
        let names = try context.anyApplication.map { [$0] } ?? context.client.get("/applications", as: [ApplicationBody].self).map(\.name)
        var applications: [ApplicationStatusBody] = []
        for name in names {
            do {
                applications.append(try context.client.get("/applications/\(name)/status", as: ApplicationStatusBody.self, seconds: ControlClient.patientSeconds))
            } catch ControlError.refused(let failure, let run, _) where names.count > 1 {
                // One whose names cannot be resolved hides none of the others.
                context.console.writeError("application '\(name)':\n" + FailureText(failure, run: run).text)
            }
        }
        context.show(applications) { ApplicationText.status(applications) }
        return applications.count == names.count && applications.allSatisfy(\.isOpen) ? .done : .notAllOpen
    }
}
