/// Splits a command line into words as a shell does: blanks separate; `'…'`, `"…"` and `\` join. Nothing is expanded, and `$ * ? | ; & < > #` are letters as
/// any other.
///
/// Within `"…"` a backslash is special before `"`, `\`, `$` and a back quote only; one before the end of a line joins two lines.
///
/// - Returns: None for a line of blanks.
/// - Throws: `.quoteNotClosed`, `.nothingAfterBackslash`.
package func words(of commandLine: String) throws(ProcessError) -> [String] {
    var words: [String] = [], word: String?, quote: Unicode.Scalar?
    var rest = Substring(commandLine).unicodeScalars
    func add(_ scalar: Unicode.Scalar) {
        var text = word ?? ""
        text.unicodeScalars.append(scalar)
        word = text
    }
    while let scalar = rest.popFirst() {
        switch (quote, scalar) {
        case (nil, " "), (nil, "\t"), (nil, "\n"), (nil, "\r"):
            if let whole = word { words.append(whole) }
            word = nil
        case (nil, "'"), (nil, "\""):
            quote = scalar
            word = word ?? ""
        case (let open?, _) where open == scalar: quote = nil
        case (nil, "\\"), ("\"", "\\"):
            guard let next = rest.popFirst() else { throw quote == nil ? .nothingAfterBackslash(commandLine) : .quoteNotClosed(commandLine) }
            if next == "\n" { continue }
            if quote != nil, !["\"", "\\", "$", "`"].contains(next) { add(scalar) }
            add(next)
        default: add(scalar)
        }
    }
    guard quote == nil else { throw .quoteNotClosed(commandLine) }
    if let whole = word { words.append(whole) }
    return words
}
