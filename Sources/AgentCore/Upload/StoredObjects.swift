import BackupModel
import ObjectStore

/// The objects of one node in the store with their sizes, listed once.
struct StoredObjects: Sendable {
    private var sizes: [ShortDigest: Int] = [:]

    init(prefix: String, in store: any ObjectStore, stop: StopSignal) throws {
        do {
            try store.list(prefix: prefix, page: { page in
                try stop.check()
                for object in page { sizes[ShortDigest(object.key.text)] = object.size }
            }, foreign: { _ in })
        } catch {
            throw error.unwrapped
        }
    }

    func has(_ key: ObjectKey, size: Int) -> Bool { sizes[ShortDigest(key.text)] == size }
}
