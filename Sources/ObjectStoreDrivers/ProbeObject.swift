import BackupModel
import Crypto
import ObjectStore

/// An object of a probe's own.
struct ProbeObject {
    let key: ObjectKey
    let bytes: [UInt8]
    let place: String

    init(place: String) {
        let name = ".aeneas-probe-\(hexString(randomBytes(8)))"
        // The name consists of letters, digits, '.' and '-'.
        guard let key = try? ObjectKey(checking: name) else { preconditionFailure("not a key: \(name)") }
        self.key = key
        self.place = place
        bytes = randomBytes(100)
    }

    /// Reads it back, finds it in a list, deletes it and finds it gone.
    func checkAndDelete(_ store: some ObjectStore) throws(StoreError) {
        do throws(StoreError) {
            guard try store.read(key, limit: 1000) == bytes else {
                throw .unexpected("reading a probe back", place: place, detail: "other bytes came than were written")
            }
            guard try store.list(prefix: key.text) == [ListedObject(key: key, size: bytes.count)] else {
                throw .unexpected("listing a probe", place: place, detail: "it is not in the list")
            }
        } catch {
            try? store.delete([key])
            throw error
        }
        try store.delete([key])
        guard try store.size(of: key) == nil else { throw .unexpected("deleting a probe", place: place, detail: "it is still there") }
    }
}
