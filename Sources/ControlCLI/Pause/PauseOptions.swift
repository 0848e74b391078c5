import BackupModel
import CommandParser

extension OperandSpec {
    static let application = OperandSpec("application", help: "the application's name")
    static let anyApplication = OperandSpec("application", required: false, help: "only this application")
}

extension CommandContext {
    var anyApplication: ApplicationName? {
        get throws { try invocation.operand("application").map { try ApplicationName($0) } }
    }
}
