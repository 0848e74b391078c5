import BackupModel
import Processes

/// Splits a command as it is typed into program and arguments. There is no shell: blanks separate, quotes and backslashes join, and nothing else is special.
enum CommandWords {
    static func split(_ text: String, option: String) throws -> [String] {
        let split: [String]
        do {
            split = try words(of: text)
        } catch {
            throw UsageFault("option '--\(option)': \(error)".plain)
        }
        guard split.first?.isEmpty == false else { throw UsageFault("option '--\(option)': no program is named") }
        return split
    }
}
