/// Rows in columns as wide as their widest cell, two spaces between.
struct TextTable {
    private let rows: [[String]]
    private let rightAligned: Set<Int>
    private let indent: String

    /// - Parameter header: Empty for none.
    init(_ header: [String], _ rows: [[String]], rightAligned: Set<Int> = [], indent: Int = 0) {
        self.rows = ((header.isEmpty ? [] : [header]) + rows).map { $0.map(\.plain) }
        self.rightAligned = rightAligned
        self.indent = String(repeating: " ", count: indent)
    }

    var text: String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                rightAligned.contains(column) ? cell.leftPadded(to: widths[column]) : cell.padded(to: widths[column])
            }
            var line = Substring(indent + cells.joined(separator: "  "))
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }
}
