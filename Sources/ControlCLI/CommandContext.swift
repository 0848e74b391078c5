import BackupModel
import CommandParser

/// What a command works with.
struct CommandContext {
    let invocation: Invocation
    var console: Console
    let client: ControlClient
    let table: CommandSpec
    let version: String
    /// For how long a watcher tries to reach a master that has gone.
    let patienceMilliseconds: Int

    /// The same, with everything printed to the errors' side and no terminal: standard output is somebody else's.
    var besideOutput: CommandContext {
        var other = self
        other.console.write = console.writeError
        other.console.terminalSize = { nil }
        return other
    }

    var wantsJSON: Bool { invocation.value("output") == "json" }

    /// The value as JSON where that was asked for, else the text.
    func show(_ value: some Encodable, _ text: () -> String) {
        console.write(wantsJSON ? String(decoding: JSONText.encodeDocument(value), as: UTF8.self) : text())
    }

    /// Of an operand that the table requires.
    func name<Name: CheckedName>(_ operand: String, as type: Name.Type = Name.self) throws -> Name { try Name(invocation.operand(operand) ?? "") }

    func name<Name: CheckedName>(option: String, as type: Name.Type = Name.self) throws -> Name? { try invocation.value(option).map { try Name($0) } }

    func integer(_ option: String, in range: ClosedRange<Int> = 1...Int.max) throws -> Int? {
        guard let value = invocation.integer(option).map(Int.init) else { return nil }
        guard range.contains(value) else {
            throw UsageFault("option '--\(option)': \(value) is out of range", hint: range.upperBound == Int.max ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// Of an option in whole seconds, at least `least`.
    func seconds(_ option: String, least: Int = 1) throws -> Int? {
        guard let duration = invocation.duration(option) else { return nil }
        let seconds = Int(duration.components.seconds)
        guard seconds >= least, duration == .seconds(seconds) else { throw UsageFault("option '--\(option)': whole seconds, at least \(least)") }
        return seconds
    }

    func milliseconds(_ option: String) -> Int? {
        invocation.duration(option).map { Int($0.components.seconds) * 1000 + Int($0.components.attoseconds / 1_000_000_000_000_000) }
    }

    func port(_ option: String) throws -> Int? { try integer(option, in: 1...65_535) }

    /// A path that another process opens, where a relative one would mean something else.
    func absolutePath(_ option: String, on place: String = "the master") throws -> String? {
        guard let path = invocation.value(option) else { return nil }
        guard path.hasPrefix("/") else { throw UsageFault("option '--\(option)': \(quoted(path)) is not an absolute path", hint: "the file is read on \(place), not here") }
        return path
    }

    /// Asks on a terminal unless `--yes` was given; elsewhere the command itself is the answer.
    func confirm(_ question: String) throws {
        guard console.isInteractive, !invocation.flag("yes") else { return }
        let answer = console.ask("\(question) [y/N] ")?.lowercased()
        guard answer == "y" || answer == "yes" else { throw Failure("control.not-confirmed", "not confirmed: nothing was done") }
    }
}
