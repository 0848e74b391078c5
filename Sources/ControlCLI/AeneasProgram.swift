import BackupModel
import CommandParser

/// The program `aeneas`: reads a command line, calls the master, prints.
package struct AeneasProgram {
    private let root: Command
    private let version: String
    private let console: Console
    private let patienceMilliseconds: Int

    /// - Parameter patienceMilliseconds: For how long a watcher tries to reach a master that has gone.
    package init(version: String, console: Console, patienceMilliseconds: Int = 120_000) {
        root = .aeneas(version: version)
        self.version = version
        self.console = console
        self.patienceMilliseconds = patienceMilliseconds
    }

    /// - Parameter arguments: Without the program's name.
    package func run(_ arguments: [String], environment: [String: String]) -> ProgramExit {
        switch root.spec.parse(arguments: arguments, environment: environment) {
        case .failure(let error): return complain(error.message, hint: error.hint)
        case .success(let invocation):
            switch invocation.action {
            case .help: console.write(root.spec.help(for: invocation.path, width: min(100, console.terminalSize()?.columns ?? 80)) ?? "")
            case .version: console.line("aeneas \(version)")
            case .run: return perform(invocation)
            }
            return .done
        }
    }

    private func perform(_ invocation: Invocation) -> ProgramExit {
        guard let action = root.action(at: invocation.path) else { return complain("'\(invocation.path.joined(separator: " "))' does nothing", hint: nil) }
        do {
            return try action(
                CommandContext(
                    invocation: invocation, console: console, client: ControlClient { try ControlEndpoint(invocation) }, table: root.spec, version: version,
                    patienceMilliseconds: patienceMilliseconds))
        } catch let fault as UsageFault {
            return complain(fault.message, hint: fault.hint ?? help(invocation))
        } catch let error as NameError {
            return complain(error.description, hint: help(invocation))
        } catch let error as ControlError {
            console.writeError(FailureText(error.failure, run: error.run).text)
        } catch {
            console.writeError(FailureText(Failure(error)).text)
        }
        return .failed
    }

    private func help(_ invocation: Invocation) -> String { "see '\((["aeneas"] + invocation.path).joined(separator: " ")) --help'" }

    private func complain(_ message: String, hint: String?) -> ProgramExit {
        console.writeError("error: \(message)\n" + (hint.map { "HINT: \($0)\n" } ?? ""))
        return .usage
    }
}
