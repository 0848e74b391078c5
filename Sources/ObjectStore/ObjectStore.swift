package import BackupModel

/// Where backups are kept. Calls block, and may come from any number of threads at once.
///
/// Every driver runs `ObjectStoreConformance`. Drivers retry what is worth retrying themselves (a reset, a 503), so that an error which arrives here is final for that object.
package protocol ObjectStore: Sendable {
    /// For people: `s3://backups/prod`, `/mnt/backups`.
    var place: String { get }
    /// Requests made so far, of every kind: what an object store bills.
    var requests: Int { get }

    /// Creates an object once: false, with nothing changed, when there is one already. Atomic where the store can do it (`StoreTraits.conditionalCreate`).
    func create(_ key: ObjectKey, _ bytes: [UInt8]) throws(StoreError) -> Bool

    /// Sends `size` bytes that `body` gives in order, each once: a retry sends them again from memory, never by reading again.
    ///
    /// For objects whose key names their content: one that exists is replaced by the same. The object appears whole or not at all.
    func upload(_ key: ObjectKey, size: Int, transfer: TransferControl, body: ObjectBody) throws(StoreError)

    /// The same, from a caller who hashes as well: a store that needs a digest of what it sends does not take it again where `digest` has it.
    func upload(_ key: ObjectKey, size: Int, transfer: TransferControl, digest: ObjectDigest, body: ObjectBody) throws(StoreError)

    /// Gives the object's bytes in order to `sink`, each once, also across retries. An error of `sink` ends the transfer and comes back as `StoreError.sink`.
    ///
    /// - Throws: `.notFound`; `.cutShort` when fewer bytes come than the store announced.
    func download(_ key: ObjectKey, transfer: TransferControl, sink: (UnsafeRawBufferPointer) throws -> Void) throws(StoreError)

    /// Size in bytes; nil when there is none.
    func size(of key: ObjectKey) throws(StoreError) -> Int?

    /// Calls `page` for up to 1,000 objects at a time in the order of their keys' UTF-8. Keys that no `ObjectKey` can be are given to `foreign`, whole.
    func list(prefix: String, page: ([ListedObject]) throws -> Void, foreign: (String) -> Void) throws(StoreError)

    /// Deletes what is there; what is not is no error. Batched as the store allows.
    func delete(_ keys: [ObjectKey]) throws(StoreError)

    /// Writes, reads, lists and deletes an object of its own below the store's root. Finds what would stop a backup before one begins.
    func probe() throws(StoreError) -> StoreTraits
}

/// Fills the buffer from its start; returns how many bytes, 0 only at the end.
package typealias ObjectBody = (UnsafeMutableRawBufferPointer) throws -> Int

/// SHA-256, in lower case hex, of everything that an `ObjectBody` has given so far; nil where that is not known.
package typealias ObjectDigest = () -> String?

package struct ListedObject: Hashable, Sendable {
    package let key: ObjectKey
    package let size: Int
    package init(key: ObjectKey, size: Int) {
        self.key = key
        self.size = size
    }
}

package struct StoreTraits: Codable, Hashable, Sendable {
    /// Whether two creators of one key can never both succeed.
    package var conditionalCreate: Bool
    /// The store's clock minus ours, milliseconds, where it tells.
    package var clockOffsetMilliseconds: Int?
    package init(conditionalCreate: Bool, clockOffsetMilliseconds: Int? = nil) {
        self.conditionalCreate = conditionalCreate
        self.clockOffsetMilliseconds = clockOffsetMilliseconds
    }
}

/// Asked often during a transfer, from the transfer's own thread.
package struct TransferControl: Sendable {
    package let isCancelled: @Sendable () -> Bool
    /// Told of bytes as they travel; may block to keep a rate.
    package let moved: @Sendable (Int) -> Void
    package init(isCancelled: @escaping @Sendable () -> Bool = { false }, moved: @escaping @Sendable (Int) -> Void = { _ in }) {
        self.isCancelled = isCancelled
        self.moved = moved
    }
}

extension ObjectStore {
    package func upload(_ key: ObjectKey, size: Int, transfer: TransferControl, digest: ObjectDigest, body: ObjectBody) throws(StoreError) {
        try upload(key, size: size, transfer: transfer, body: body)
    }

    /// A small object whole.
    ///
    /// - Throws: `.tooLarge` beyond `limit` bytes.
    package func read(_ key: ObjectKey, limit: Int) throws(StoreError) -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            try download(key, transfer: TransferControl()) { buffer in
                guard bytes.count + buffer.count <= limit else { throw StoreError.tooLarge(key, limit: limit) }
                bytes.append(contentsOf: buffer)
            }
        } catch .sink(let error as StoreError) {
            throw error
        }
        return bytes
    }

    package func list(prefix: String) throws(StoreError) -> [ListedObject] {
        var all: [ListedObject] = []
        try list(prefix: prefix, page: { all += $0 }, foreign: { _ in })
        return all
    }
}
