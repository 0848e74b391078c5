import BackupModel
import CassandraNode
import Compression
import Crypto
import ObjectStore

/// Brings one SSTable into the store, as far as the store lacks it, and describes it.
struct SSTableUpload {
    let sstable: SnapshotSSTable
    let table: TableKey
    let place: SSTablePlace
    let store: any ObjectStore
    let stored: StoredObjects
    let known: KnownSSTables
    let rate: RateLimit
    let watch: Workers.Watch
    let meter: ProgressMeter
    /// Told of each object that was sent, with its bytes.
    let sent: (Int) -> Void

    func run() throws -> ManifestSSTable {
        let others = sstable.files.filter { $0.component != .data }.sorted { $0.component < $1.component }.map { SourceFile($0, of: sstable) }
        let data = SourceFile(sstable.files.first { $0.component == .data }!, of: sstable)
        let (identity, read) = try sendData(data, others: others)
        let archive = ComponentsArchive(others), (components, digests) = try send(archive)
        let files = manifestFiles(others, digests) + [ManifestFile(data.found, sha256: read.sha256)]
        return ManifestSSTable(
            name: sstable.name, folder: sstable.folder, index: sstable.index, identity: identity, components: components, componentsSize: archive.size,
            files: files.sorted { $0.component < $1.component }, damagedAtSource: read.damage)
    }

    func manifestFiles(_ files: [SourceFile], _ digests: [SHA256Hex]) -> [ManifestFile] { zip(files, digests).map { ManifestFile($0.found, sha256: $1) } }

    private typealias Read = (sha256: SHA256Hex, damage: SourceDamage?)

    private func sendData(_ data: SourceFile, others: [SourceFile]) throws -> (identity: SHA256Hex, Read) {
        let file = try data.open()
        let digest = try others.first { $0.found.component == .digest }.map { try $0.open().read(at: 0, count: $0.found.size) }
        guard let digest else {
            // Nothing on the node names these bytes, so they are read to be named, and once more to be sent.
            let read = try hash(file, data, digest: nil)
            file.rewind()
            let key = ObjectKey.data(place, identity: read.sha256)
            guard !stored.has(key, size: data.found.size) else { return (read.sha256, read) }
            return (read.sha256, try send(file, data, as: key, digest: nil))
        }
        let info = try others.first { $0.found.component == .compressionInfo }.map { (size: $0.found.size, file: try $0.open()) }
        let identity = try DataIdentity.of(file, size: data.found.size, digest: digest, compressionInfo: info)
        let key = ObjectKey.data(place, identity: identity)
        guard stored.has(key, size: data.found.size) else { return (identity, try send(file, data, as: key, digest: digest)) }
        let vouched = try known.data(key)
        if let vouched, vouched.damagedAtSource == nil, let file = vouched.data {
            meter.update {
                $0.bytesDone += data.found.size
                $0.bytesReused += data.found.size
            }
            return (identity, (file.sha256, nil))
        }
        meter.update { $0.bytesReused += data.found.size }
        let read = try hash(file, data, digest: digest)
        if try (vouched?.data?.sha256 ?? storedHash(key)) == read.sha256 { return (identity, read) }
        return try sendBeside(file, data, read, digest: digest)
    }

    /// The identity does not cover the middle of a file: one that was damaged there when it was sent, and is whole now (or the other way round), has the same.
    /// Its bytes get an object of their own, named by all of them.
    private func sendBeside(_ file: OpenFile, _ data: SourceFile, _ read: Read, digest: [UInt8]) throws -> (identity: SHA256Hex, Read) {
        let key = ObjectKey.data(place, identity: read.sha256)
        guard !stored.has(key, size: data.found.size) else { return (read.sha256, read) }
        file.rewind()
        let sent = try send(file, data, as: key, digest: digest)
        guard sent.sha256 == read.sha256 else { throw data.gone("has changed") }
        return (read.sha256, sent)
    }

    /// Of an object that no manifest vouches for: an upload that was broken off may have left it, from a file that was damaged then.
    private func storedHash(_ key: ObjectKey) throws -> SHA256Hex {
        let hash = SHA256()
        do {
            try store.download(key, transfer: watch.control(rate)) { hash.update($0) }
        } catch {
            throw error.unwrapped
        }
        return SHA256Hex(hash.finish())
    }

    private func send(_ file: OpenFile, _ data: SourceFile, as key: ObjectKey, digest: [UInt8]?) throws -> Read {
        var pass = Pass(data)
        let sha256 = pass.sha256
        try upload(key, size: data.found.size, digest: { sha256.copy().finish().hex }) { buffer in
            let count = try file.read(into: buffer)
            try pass.add(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            meter.update { $0.bytesDone += count }
            return count
        }
        try data.check(file)
        sent(data.found.size)
        return try pass.finish(digest: digest)
    }

    private func hash(_ file: OpenFile, _ data: SourceFile, digest: [UInt8]?) throws -> Read {
        var pass = Pass(data)
        try file.forEachChunk { chunk in
            try watch.check()
            try pass.add(chunk)
            if digest != nil { meter.update { $0.bytesDone += chunk.count } }
        }
        return try pass.finish(digest: digest)
    }

    func upload(_ key: ObjectKey, size: Int, digest: ObjectDigest = { nil }, _ body: ObjectBody) throws {
        do {
            try store.upload(key, size: size, transfer: watch.control(rate), digest: digest, body: body)
        } catch {
            throw error.unwrapped
        }
    }

    /// SHA-256 and CRC-32 of a `Data.db` in one pass.
    private struct Pass {
        let data: SourceFile
        let sha256 = SHA256()
        var crc32 = CRC32()
        var count = 0

        init(_ data: SourceFile) { self.data = data }

        mutating func add(_ bytes: UnsafeRawBufferPointer) throws {
            count += bytes.count
            guard count <= data.found.size else { throw data.gone("has grown") }
            sha256.update(bytes)
            crc32.update(bytes)
        }

        /// - Parameter digest: Of `Digest.crc32`: the CRC-32 as decimal text.
        func finish(digest: [UInt8]?) throws -> Read {
            guard count == data.found.size else { throw data.gone("has shrunk") }
            let found = String(crc32.value)
            guard let digest else { return (SHA256Hex(sha256.finish()), nil) }
            let expected = String(String(decoding: digest.prefix(64), as: UTF8.self).filter { !$0.isWhitespace })
            return (SHA256Hex(sha256.finish()), expected == found ? nil : SourceDamage(expected: expected, found: found))
        }
    }
}

extension ManifestFile {
    fileprivate init(_ found: FoundFile, sha256: SHA256Hex) {
        self.init(component: found.component, size: found.size, sha256: sha256, inode: found.inode, modified: found.modified)
    }
}
