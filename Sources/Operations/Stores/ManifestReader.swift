import BackupModel
import ManifestCoding
import ObjectStore

/// Manifests read on the master: for the proof before `backup.json`, and for plans.
struct ManifestReader: Sendable {
    let store: OpenedStore

    init(_ store: OpenedStore) { self.store = store }

    struct Summary: Sendable {
        var node: ManifestNode
        var counts: ManifestEnd
        /// What a restore without some tables would bring, by data folder of the source.
        var bytesByFolder: [Int: Int] = [:]
        var takenSSTables = 0
        var takenTables = 0
        var damaged = 0
    }

    /// - Parameter without: Tables to leave out of the sums; `counts` has them all the same.
    /// - Parameter withoutDamaged: Whether SSTables damaged at their source are left out too.
    func summary(
        _ cluster: ClusterName, _ backup: BackupID, _ host: HostID, sha256: SHA256Hex, without: Set<TablePath> = [], withoutDamaged: Bool = false
    ) async throws -> Summary {
        let key = ObjectKey.manifest(cluster, backup, host)
        return try await store.run { store in
            var bytes: [Int: Int] = [:], sstables = 0, tables = 0, damaged = 0, skipping = false
            let reader = ManifestStreamReader { line in
                switch line {
                case .table(let table):
                    skipping = without.contains(TablePath(keyspace: table.keyspace, table: table.name))
                    tables += skipping ? 0 : 1
                case .sstable(let sstable) where !skipping:
                    damaged += sstable.damagedAtSource == nil ? 0 : 1
                    if withoutDamaged, sstable.damagedAtSource != nil { return }
                    sstables += 1
                    bytes[sstable.folder, default: 0] += sstable.files.reduce(0) { $0 + $1.size }
                default: break
                }
            }
            let (node, counts) = try named(key, store) {
                try store.download(key, transfer: TransferControl()) { try reader.update($0) }
                return try reader.finish(expected: sha256)
            }
            return Summary(node: node, counts: counts, bytesByFolder: bytes, takenSSTables: sstables, takenTables: tables, damaged: damaged)
        }
    }

    /// With the object in the failure: what reads it knows only its bytes.
    private func named<Value>(_ key: ObjectKey, _ store: any ObjectStore, _ read: () throws -> Value) throws -> Value {
        do { return try read() } catch let error as StoreError {
            guard case .sink(let inner) = error else { throw error }
            throw Self.named(key, store, inner)
        } catch {
            throw Self.named(key, store, error)
        }
    }

    private static func named(_ key: ObjectKey, _ store: any ObjectStore, _ error: any Error) -> Failure {
        var failure = Failure(error)
        failure.summary = "'\(key)' in \(store.place): \(failure.summary)"
        return failure
    }
}
