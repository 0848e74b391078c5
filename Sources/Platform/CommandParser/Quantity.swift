/// Reads the amounts that people write in options and configuration.
package enum Quantity {
    /// A whole number with `ms`, `s`, `m`, `h` or `d`; nil for anything else, a bare number (other than 0) and what does not fit in 64 bits of milliseconds
    /// included.
    package static func duration(_ text: String) -> Duration? {
        guard let (number, unit) = split(text) else { return nil }
        let milliseconds: Int64
        switch unit {
        case "": return number == 0 ? .zero : nil
        case "ms": milliseconds = 1
        case "s": milliseconds = 1_000
        case "m", "min": milliseconds = 60_000
        case "h": milliseconds = 3_600_000
        case "d": milliseconds = 86_400_000
        default: return nil
        }
        let (product, overflow) = number.multipliedReportingOverflow(by: milliseconds)
        return overflow ? nil : .milliseconds(product)
    }

    /// A whole number of bytes, alone or with `B`, `KB`, `MB`, `GB`, `TB`, `PB` (powers of 1000) or `KiB`, `MiB`, `GiB`, `TiB`, `PiB` (powers of 1024), in any
    /// case; nil for anything else and what does not fit in 63 bits.
    package static func byteCount(_ text: String) -> Int64? {
        guard let (number, unit) = split(text) else { return nil }
        let power: Int
        let base: Int64
        switch unit.lowercased() {
        case "", "b": (base, power) = (1, 0)
        case "kb": (base, power) = (1000, 1)
        case "mb": (base, power) = (1000, 2)
        case "gb": (base, power) = (1000, 3)
        case "tb": (base, power) = (1000, 4)
        case "pb": (base, power) = (1000, 5)
        case "kib": (base, power) = (1024, 1)
        case "mib": (base, power) = (1024, 2)
        case "gib": (base, power) = (1024, 3)
        case "tib": (base, power) = (1024, 4)
        case "pib": (base, power) = (1024, 5)
        default: return nil
        }
        let factor = (0..<power).reduce(Int64(1)) { product, _ in product * base }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : product
    }

    /// Digits, then at most one space, then the rest.
    private static func split(_ text: String) -> (Int64, String)? {
        let digits = text.utf8.prefix { (0x30...0x39).contains($0) }
        guard !digits.isEmpty, let number = Int64(Substring(digits)) else { return nil }
        var unit = text.utf8[digits.endIndex...]
        if unit.first == 0x20, unit.count > 1 { unit = unit.dropFirst() }
        return (number, String(Substring(unit)))
    }
}

extension ValueType {
    /// Why `text` is not a value of this type, and what is: nil when it is one.
    func complaint(about text: String) -> (problem: String, hint: String?)? {
        switch self {
        case .string: nil
        case .path: text.isEmpty ? ("is empty", "which file or folder is meant?") : nil
        case .integer: Int64(text) == nil ? ("is not a whole number", nil) : nil
        case .duration: Quantity.duration(text) == nil ? ("is not a duration", "write a number and a unit, as in 500ms, 30s, 5m, 2h or 1d") : nil
        case .byteCount: Quantity.byteCount(text) == nil ? ("is not a number of bytes", "write a number and a unit, as in 4096, 64MiB or 1GB") : nil
        case .choice(let words):
            words.contains(text)
                ? nil
                : ("is not one of \(words.joined(separator: ", "))", nearestWord(to: text, among: words).map { "did you mean '\($0)'?" })
        }
    }
}
