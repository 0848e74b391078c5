import BackupModel
import CassandraNode
import Crypto
import ObjectStore

extension SSTableUpload {
    /// - Returns: The object's identity, and the SHA-256s of the archive's files in their order.
    func send(_ archive: ComponentsArchive) throws -> (identity: SHA256Hex, digests: [SHA256Hex]) { try archive.isSmall ? sendSmall(archive) : sendLarge(archive) }

    private func sendSmall(_ archive: ComponentsArchive) throws -> (identity: SHA256Hex, digests: [SHA256Hex]) {
        let (bytes, digests) = try archive.contents(), identity = archive.identity(of: digests), key = ObjectKey.components(place, identity: identity)
        if !stored.has(key, size: archive.size) {
            var rest = bytes[...]
            try upload(key, size: archive.size) { buffer in
                let piece = rest.prefix(buffer.count)
                buffer.copyBytes(from: piece)
                rest = rest.dropFirst(piece.count)
                return piece.count
            }
            sent(archive.size)
        }
        done(archive.files.reduce(0) { $0 + $1.found.size })
        return (identity, digests)
    }

    /// As with a `Data.db`: an object that is there already under such a name need not have the same bytes between the ends.
    private func sendLarge(_ archive: ComponentsArchive) throws -> (identity: SHA256Hex, digests: [SHA256Hex]) {
        let identity = try archive.identityByEnds(), key = ObjectKey.components(place, identity: identity)
        guard stored.has(key, size: archive.size) else { return (identity, try stream(archive, as: key, passed: done)) }
        let digests = try archive.digests(stop: { try watch.check() }, passed: done)
        let own = archive.identity(of: digests), ownKey = ObjectKey.components(place, identity: own)
        if stored.has(ownKey, size: archive.size) { return (own, digests) }
        if try isStored(archive, digests, under: identity) { return (identity, digests) }
        guard try stream(archive, as: ownKey, passed: { _ in }) == digests else { throw archive.files[0].gone("or another component has changed") }
        return (own, digests)
    }

    private func done(_ bytes: Int) { meter.update { $0.bytesDone += bytes } }

    private func stream(_ archive: ComponentsArchive, as key: ObjectKey, passed: @escaping (Int) -> Void) throws -> [SHA256Hex] {
        let reader = ArchiveReader(archive, passed: passed)
        try upload(key, size: archive.size) { try reader.read(into: $0) }
        sent(archive.size)
        return reader.digests
    }

    /// Whether the object of that name holds these very files: as a manifest says, or else as its bytes say.
    private func isStored(_ archive: ComponentsArchive, _ digests: [SHA256Hex], under identity: SHA256Hex) throws -> Bool {
        let files = manifestFiles(archive.files, digests)
        if let known = try known.described(sstable, of: table), known.components == identity, known.componentsSize == archive.size {
            return known.archived.map(\.component) == files.map(\.component) && known.archived.map(\.sha256) == files.map(\.sha256)
        }
        let sink = ComponentsSink(
            ManifestSSTable(
                name: sstable.name, folder: sstable.folder, index: sstable.index, identity: identity, components: identity, componentsSize: archive.size, files: files))
        do {
            do {
                try store.download(.components(place, identity: identity), transfer: watch.control(rate), sink: sink.feed)
            } catch {
                throw error.unwrapped
            }
            try sink.finish()
            return true
        } catch is ObjectDamage {
            return false
        }
    }
}
