import BackupModel
import Crypto

/// Compares an SSTable's `components.tar` with the manifest while it arrives, and hands on what is in its files.
///
/// The manifest's names and sizes say what each byte around the files must be, and its SHA-256s what is in them: nothing of the object is taken at its word, or left unlooked at.
final class ComponentsSink {
    private let sstable: ManifestSSTable
    private let files: [ManifestFile]
    /// Of `files`: the one that comes, or is under way.
    private var index = 0
    private var frame: ArraySlice<UInt8>
    private var open: (left: Int, digest: SHA256)?
    private var size = 0
    private let begin: (String) throws -> Void
    private let bytes: (UnsafeRawBufferPointer) throws -> Void
    private let end: () throws -> Void

    init(
        _ sstable: ManifestSSTable, begin: @escaping (String) throws -> Void = { _ in }, bytes: @escaping (UnsafeRawBufferPointer) throws -> Void = { _ in },
        end: @escaping () throws -> Void = {}
    ) {
        self.sstable = sstable
        self.begin = begin
        self.bytes = bytes
        self.end = end
        files = sstable.archived
        frame = []
        frame = self.frame(before: 0)[...]
    }

    /// - Throws: `ObjectDamage`, or what the closures throw.
    func feed(_ piece: UnsafeRawBufferPointer) throws {
        size += piece.count
        guard size <= sstable.componentsSize else { throw ObjectDamage.changed("it has more than \(sstable.componentsSize) bytes") }
        var rest = piece[...]
        while !rest.isEmpty {
            if let (left, digest) = open {
                let part = UnsafeRawBufferPointer(rebasing: rest.prefix(left))
                digest.update(part)
                try bytes(part)
                rest = rest.dropFirst(part.count)
                open = (left - part.count, digest)
                if left == part.count { try endFile() }
            } else {
                let part = rest.prefix(frame.count)
                guard !part.isEmpty, frame.starts(with: part) else { throw ObjectDamage.changed(index < files.count ? "the archive's bytes around '\(name(index))' are not those that were stored" : "the archive's last bytes are not those that were stored") }
                rest = rest.dropFirst(part.count)
                frame = frame.dropFirst(part.count)
                if frame.isEmpty, index < files.count { try beginFile() }
            }
        }
    }

    func finish() throws {
        guard size == sstable.componentsSize else { throw ObjectDamage.cutShort("it has \(size) of \(sstable.componentsSize) bytes") }
        guard open == nil, frame.isEmpty, index == files.count else { throw ObjectDamage.changed("it is too short for the files that the manifest names") }
    }

    private func name(_ index: Int) -> String { "\(sstable.name)-\(files[index].component)" }

    /// What stands between the file before `index` and that one, or the end.
    private func frame(before index: Int) -> [UInt8] {
        let padding = index > 0 ? TarWriter.padding(after: files[index - 1].size) : []
        return padding + (index < files.count ? TarWriter.header(name: name(index), size: files[index].size) : TarWriter.end)
    }

    private func beginFile() throws {
        try begin(name(index))
        open = (files[index].size, SHA256())
        if files[index].size == 0 { try endFile() }
    }

    private func endFile() throws {
        guard let (_, digest) = open, SHA256Hex(digest.finish()) == files[index].sha256 else { throw ObjectDamage.changed("'\(name(index))' in it has another SHA-256") }
        try end()
        open = nil
        index += 1
        frame = frame(before: index)[...]
    }
}

/// What is wrong with an object's bytes.
enum ObjectDamage: Error, Hashable {
    case cutShort(String)
    case changed(String)

    var text: String {
        switch self {
        case .cutShort(let text), .changed(let text): text
        }
    }
}

/// Compares the bytes of a `Data.db` object with the manifest.
final class DataSink {
    private let file: ManifestFile
    private let digest = SHA256()
    private var size = 0

    init(_ file: ManifestFile) { self.file = file }

    func feed(_ piece: UnsafeRawBufferPointer) throws(ObjectDamage) {
        size += piece.count
        guard size <= file.size else { throw .changed("it has more than \(file.size) bytes") }
        digest.update(piece)
    }

    func finish() throws(ObjectDamage) {
        guard size == file.size else { throw .cutShort("it has \(size) of \(file.size) bytes") }
        guard SHA256Hex(digest.finish()) == file.sha256 else { throw .changed("its SHA-256 is another") }
    }
}
