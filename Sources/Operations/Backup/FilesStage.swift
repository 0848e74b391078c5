package import BackupModel
import Catalog
import Crypto
@preconcurrency import Dispatch
import Glibc
import ObjectStore
import Synchronization

extension BackupOperation {
    /// Sends what the commands in the window wrote. The key names the contents: repeating it changes nothing.
    func upload(_ files: [BackupFile]) async throws {
        let commands = WindowCommands(environment: environment, backup: backup.id, commands: request.commands), cluster = cluster.name, backup = backup.id
        for file in files {
            let path = commands.path(file.name), key = ObjectKey.file(cluster, backup, file.name, sha256: file.sha256)
            try await store.run { store in
                let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
                guard descriptor >= 0 else { throw Failure("server.file", "cannot read '\(path)': \(String(cString: strerror(errno)))") }
                defer { close(descriptor) }
                try store.upload(key, size: file.size, transfer: TransferControl()) { buffer in
                    while true {
                        let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                        if count < 0, errno == EINTR { continue }
                        guard count >= 0 else { throw Failure("server.file", "cannot read '\(path)': \(String(cString: strerror(errno)))") }
                        return count
                    }
                }
            }
            try await StoredFile(store: store, cluster: cluster, backup: backup, file: file).verify()
        }
    }
}

/// What a command wrote, as it lies in the store.
package struct StoredFile: Sendable {
    let store: OpenedStore
    let cluster: ClusterName
    let backup: BackupID
    package let file: BackupFile

    /// Reads it and compares size and hash.
    ///
    /// - Throws: `backup.object-changed`, `backup.object-missing`.
    func verify() async throws { try await read { _ in } }

    /// Gives the bytes in order. They are proven only when it returns.
    package func read(_ sink: @escaping @Sendable ([UInt8]) throws -> Void) async throws {
        let key = ObjectKey.file(cluster, backup, file.name, sha256: file.sha256), place = store.store.place
        let found: (size: Int, sha256: String)
        do {
            found = try await store.run { store in
                let hash = SHA256()
                var size = 0
                try store.download(key, transfer: TransferControl()) { chunk in
                    hash.update(chunk)
                    size += chunk.count
                    try sink(Array(chunk))
                }
                return (size, hash.finish().hex)
            }
        } catch let failure as Failure where failure.code == "store.not-found" {
            throw Failure("backup.object-missing", "'\(key)' is not in \(place)", hint: "take a new backup now")
        }
        guard found.size == file.size, found.sha256 == file.sha256.rawValue else {
            throw Failure("backup.object-changed", "'\(key)' in \(place) is not what was written: \(found.size) bytes of SHA-256 \(found.sha256)", hint: "take a new backup now")
        }
    }
}

extension StoredFile {
    /// As `read`, to a reader that takes its time: no more than one piece waits.
    package func stream(_ write: @escaping @Sendable ([UInt8]) async throws -> Void) async throws {
        try await read { chunk in
            let handover = Handover()
            Task {
                do {
                    try await write(chunk)
                    handover.end(nil)
                } catch {
                    handover.end(error)
                }
            }
            try handover.wait()
        }
    }
}

/// Lets a thread of the stores' pool wait for one piece of asynchronous work.
private final class Handover: Sendable {
    private let over = DispatchSemaphore(value: 0)
    private let error = Mutex<(any Error)?>(nil)

    func end(_ failure: (any Error)?) {
        error.withLock { $0 = failure }
        over.signal()
    }

    func wait() throws {
        over.wait()
        if let failure = error.withLock({ $0 }) { throw failure }
    }
}
