package enum ProcessError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No word at all, or an empty one where the program's name belongs.
    case noProgram
    /// A zero byte, which no program can be given.
    case unusableWord(String)
    case notStartable(program: String, reason: String)
    /// What a command says cannot be read: too many open files, mostly.
    case noPipe(program: String, reason: String)
    case quoteNotClosed(String)
    case nothingAfterBackslash(String)

    package var description: String {
        switch self {
        case .noProgram: "the command is empty"
        case .unusableWord: "a word of the command holds a zero byte"
        case .notStartable(let program, let reason): "unable to run '\(program)': \(reason)"
        case .noPipe(let program, let reason): "unable to make a pipe for '\(program)': \(reason)"
        case .quoteNotClosed(let text): "a quote is not closed in: \(text)"
        case .nothingAfterBackslash(let text): "nothing follows the last backslash in: \(text)"
        }
    }
}
