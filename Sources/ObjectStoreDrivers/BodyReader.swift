package import BackupModel
import ObjectStore

/// Draws an object's announced bytes from the caller's `body`, each once.
struct BodyReader {
    let key: ObjectKey
    let place: String
    let size: Int
    let body: ObjectBody
    private(set) var given = 0

    init(key: ObjectKey, place: String, size: Int, body: @escaping ObjectBody) {
        self.key = key
        self.place = place
        self.size = size
        self.body = body
    }

    var left: Int { size - given }

    /// Fills the buffer, or as much of it as the object still has.
    ///
    /// - Throws: `.sink` with the body's own error, `SourceEnded` within it when it has less than was announced.
    mutating func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(StoreError) -> UnsafeRawBufferPointer {
        let wanted = min(buffer.count, left)
        var filled = 0
        while filled < wanted {
            let count: Int
            do {
                count = try body(UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<wanted]))
            } catch {
                throw .sink(error)
            }
            guard count > 0 else { throw .sink(SourceEnded(key: key, got: given + filled, of: size)) }
            filled += count
        }
        given += filled
        return UnsafeRawBufferPointer(rebasing: buffer[..<filled])
    }
}

/// The caller's `body` gave fewer bytes than it had announced.
package struct SourceEnded: FailureConvertible, CustomStringConvertible {
    package let key: ObjectKey
    package let got: Int
    package let of: Int

    package var description: String { failure.description }
    package var failure: Failure {
        Failure(
            "store.source-ended", "what was to become '\(key)' ended after \(got) of \(of) bytes", hint: "did the file change while it was read?",
            recovery: .retry)
    }
}
