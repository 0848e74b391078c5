import BackupModel
import Crypto
import Glibc
import ObjectStore

/// Brings one SSTable's files into a folder, each verified against the manifest while it is written.
struct SSTableDownload {
    let sstable: ManifestSSTable
    let place: SSTablePlace
    let folder: OpenFolder
    let store: any ObjectStore
    let rate: RateLimit
    let watch: Workers.Watch
    let owner: Ownership?
    let meter: ProgressMeter

    private func name(_ file: ManifestFile) -> String { "\(sstable.name)-\(file.component)" }

    /// Whether all files are there already, byte for byte: an earlier try's.
    func isWhole() throws -> Bool {
        for file in sstable.files {
            guard let open = try folder.reading(name(file)), Int(try open.status().st_size) == file.size else { return false }
        }
        for file in sstable.files {
            guard let open = try folder.reading(name(file)) else { return false }
            let digest = SHA256()
            try open.forEachChunk { chunk in
                try watch.check()
                digest.update(chunk)
            }
            guard SHA256Hex(digest.finish()) == file.sha256 else { return false }
        }
        return true
    }

    func run() throws {
        guard let data = sstable.data else { return }
        let key = ObjectKey.data(place, identity: sstable.identity), target = try create(name(data)), sink = DataSink(data)
        try download(key) { piece in
            try sink.feed(piece)
            try target.write(piece)
            meter.update { $0.bytesDone += piece.count }
        } finish: {
            try sink.finish()
            try target.finish()
        }
        try unpack()
    }

    private func unpack() throws {
        var target: GrowingFile?
        let sink = ComponentsSink(sstable) { target = try create($0) } bytes: { piece in
            try target?.write(piece)
            meter.update { $0.bytesDone += piece.count }
        } end: {
            try target?.finish()
            target = nil
        }
        try download(ObjectKey.components(place, identity: sstable.components), sink.feed, finish: sink.finish)
    }

    private func create(_ name: String) throws -> GrowingFile {
        let file = try folder.create(name)
        try owner?.give(file)
        return GrowingFile(file)
    }

    private func download(_ key: ObjectKey, _ take: (UnsafeRawBufferPointer) throws -> Void, finish: () throws -> Void) throws {
        do {
            do {
                try store.download(key, transfer: watch.control(rate), sink: take)
            } catch {
                throw error.unwrapped
            }
            try finish()
        } catch let damage as ObjectDamage {
            throw Failure("store.object-damaged", "'\(key)' in \(store.place) is not what was backed up: \(damage.text)", hint: "'aeneas backup verify' shows what else is; another backup may have it whole")
        }
    }
}
