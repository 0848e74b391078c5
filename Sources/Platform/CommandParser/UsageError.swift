/// A command line that the table does not allow. Printed as one line `error: …` and, where there is one, a line `HINT: …`.
package struct UsageError: Error, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        case unknownOption, unknownCommand, missingCommand, missingValue, unwantedValue, duplicateOption, invalidValue
        case missingOption, missingOperand, unexpectedOperand
    }

    /// `EX_USAGE` of sysexits.h.
    package static let exitCode: Int32 = 64

    package var kind: Kind
    /// Lowercase, without a final stop.
    package var message: String
    package var hint: String?
    /// The command that was being read, without the program's name.
    package var path: [String]

    package var description: String { "error: \(message)" + (hint.map { "\nHINT: \($0)" } ?? "") }
}
