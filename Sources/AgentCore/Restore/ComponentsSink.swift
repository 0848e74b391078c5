import BackupModel
import Crypto

/// Takes an SSTable's `components.tar` apart and compares each file with the manifest. Nothing but the files that the manifest names is accepted, each once.
final class ComponentsSink {
    private var reader = TarReader()
    private let archive = SHA256()
    private var size = 0
    private let sstable: ManifestSSTable
    private var missing: [String: ManifestFile] = [:]
    private var current: (file: ManifestFile, digest: SHA256)?
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
        for file in sstable.files where file.component != .data { missing["\(sstable.name)-\(file.component)"] = file }
    }

    /// - Throws: `ObjectDamage`, or what the closures throw.
    func feed(_ piece: UnsafeRawBufferPointer) throws {
        size += piece.count
        guard size <= sstable.componentsSize else { throw ObjectDamage.changed("it has more than \(sstable.componentsSize) bytes") }
        archive.update(piece)
        do {
            try reader.feed(piece) { try take($0) }
        } catch let error as TarError {
            throw ObjectDamage.changed(error.description)
        }
    }

    func finish() throws {
        guard size == sstable.componentsSize else { throw ObjectDamage.cutShort("it has \(size) of \(sstable.componentsSize) bytes") }
        guard SHA256Hex(archive.finish()) == sstable.components else { throw ObjectDamage.changed("its SHA-256 is another") }
        do {
            try reader.finish()
        } catch {
            throw ObjectDamage.changed(error.description)
        }
        if let name = missing.keys.min() { throw ObjectDamage.changed("'\(name)' is not in it") }
    }

    private func take(_ part: TarReader.Part) throws {
        switch part {
        case .file(let name, let size):
            guard let file = missing.removeValue(forKey: name), file.size == size else { throw ObjectDamage.changed("it holds \(quoted(name)) with \(size) bytes, which the manifest does not name") }
            current = (file, SHA256())
            try begin(name)
        case .bytes(let piece):
            current?.digest.update(piece)
            try bytes(piece)
        case .fileEnd:
            guard let (file, digest) = current, SHA256Hex(digest.finish()) == file.sha256 else { throw ObjectDamage.changed("a file in it has another SHA-256") }
            try end()
        }
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
