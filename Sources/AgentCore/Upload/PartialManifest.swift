import BackupModel
import Glibc
import Synchronization

/// The lines of a manifest as they are found out, so that a job begun again reads nothing twice: `keyspace/table-id`, a tab, the manifest line.
final class PartialManifest: Sendable {
    private let file: OpenFile
    private let size = Mutex(0)

    /// Opens it to go on, with what is there given to `known`.
    init(_ path: String, known: (TableKey, ManifestSSTable, LineSpot) -> Void) throws {
        file = try OpenFile(path, O_RDWR | O_CREAT | O_APPEND)
        let end = try Self.read(file, known)
        // A killed process may have left part of a line.
        guard ftruncate(file.descriptor, off_t(end)) == 0 else { throw SystemError("cut", path) }
        size.withLock { $0 = end }
    }

    /// Reads one of another backup that never came to its end.
    static func read(_ path: String, known: (TableKey, ManifestSSTable, LineSpot) -> Void) throws { _ = try read(try OpenFile.reading(path), known) }

    private static func read(_ file: OpenFile, _ known: (TableKey, ManifestSSTable, LineSpot) -> Void) throws -> Int {
        var lines = LineReader()
        try file.forEachChunk { chunk in
            lines.feed(chunk)
            while let line = lines.next() {
                guard let tab = line.firstIndex(of: 9), let table = TableKey(text: String(decoding: line[..<tab], as: UTF8.self)),
                    case .sstable(let sstable) = try? JSONText.decode(ManifestLine.self, from: line[(tab + 1)...])
                else { continue }
                let length = line.endIndex - tab - 1
                known(table, sstable, LineSpot(file: file, offset: lines.offset - length - 1, length: length))
            }
        }
        return lines.offset
    }

    func add(_ table: TableKey, _ sstable: ManifestSSTable) throws(SystemError) -> LineSpot {
        let head = Array("\(table.text)\t".utf8), line = JSONText.encode(ManifestLine.sstable(sstable))
        let result = size.withLock { size -> Result<LineSpot, SystemError> in
            do throws(SystemError) {
                try file.write(head + line + [UInt8(ascii: "\n")])
            } catch {
                return .failure(error)
            }
            defer { size += head.count + line.count + 1 }
            return .success(LineSpot(file: file, offset: size + head.count, length: line.count))
        }
        return try result.get()
    }
}
