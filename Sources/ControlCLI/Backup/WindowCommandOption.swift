import BackupModel
import CommandParser
import ControlAPI

extension OptionSpec {
    static let with = OptionSpec.value(
        "with", as: "NAME=COMMAND", repeats: true, help: "a command of the master's host that runs while the application is paused; what it prints is kept in the backup under NAME")
}

extension CommandContext {
    /// Those of `--with`. Split as `--stop-command` is, without a shell.
    func windowCommands() throws -> [WindowCommandBody] {
        var names: Set<FileName> = []
        return try invocation.values("with").map { text in
            let (name, command) = try Self.assignment(text, option: "with", form: "NAME=COMMAND", hint: "as in 'pg=pg_dump --no-password shop'")
            guard names.insert(name).inserted else { throw UsageFault("option '--with': '\(name)' is given more than once") }
            return WindowCommandBody(name: name, words: try CommandWords.split(command, option: "with"))
        }
    }

    /// `NAME=…`.
    static func assignment(_ text: String, option: String, form: String, hint: String) throws -> (FileName, String) {
        guard let equals = text.firstIndex(of: "="), text.index(after: equals) != text.endIndex else {
            throw UsageFault("option '--\(option)': \(quoted(text)) is not \(form)", hint: hint)
        }
        return (try FileName(String(text[..<equals])), String(text[text.index(after: equals)...]))
    }
}
