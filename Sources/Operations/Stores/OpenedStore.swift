import BackupModel
import Catalog
import ObjectStore
import Threads

/// A store with its credentials read and its identity known; calls run on the pool's threads.
struct OpenedStore: Sendable {
    let name: StoreName
    let access: StoreAccess
    let store: any ObjectStore
    let pool: BlockingPool

    func run<Value: Sendable>(_ body: @escaping @Sendable (any ObjectStore) throws -> Value) async throws -> Value {
        let store = store
        do { return try await pool.run { try body(store) } } catch { throw Failure(error) }
    }

    /// A document of ours, at most 64 MiB.
    func document<Value: Decodable & Sendable>(_ type: Value.Type, _ key: ObjectKey) async throws -> Value {
        let bytes = try await run { try $0.read(key, limit: 64 << 20) }
        do { return try JSONText.decode(type, from: bytes) } catch {
            throw Failure("store.document-damaged", "'\(key)' in \(store.place) is not what it should be: \(error)", hint: "was it changed by hand, or written by a newer version?")
        }
    }

    func documentIfAny<Value: Decodable & Sendable>(_ type: Value.Type, _ key: ObjectKey) async throws -> Value? {
        do { return try await document(type, key) } catch let failure as Failure where failure.code == "store.not-found" { return nil }
    }

    /// Reads `aeneas.json`; nil when there is none.
    func identity() async throws -> StoreDescription? { try await documentIfAny(StoreDescription.self, .store).map(check) }

    /// Reads `aeneas.json`, or creates it; two masters that do so at once agree on the one that was created.
    func identity(orCreate fresh: StoreDescription) async throws -> StoreDescription {
        if let present = try await identity() { return present }
        _ = try await run { try $0.create(.store, JSONText.encodeDocument(fresh)) }
        return try check(try await document(StoreDescription.self, .store))
    }

    private func check(_ description: StoreDescription) throws -> StoreDescription {
        guard description.format <= StoreDescription.format else {
            throw Failure("store.newer-format", "\(store.place) has format \(description.format), newer than this version's \(StoreDescription.format)", hint: "update this master")
        }
        return description
    }

    /// Binds the cluster's folder in the store to this cluster, or refuses another's.
    func claim(_ cluster: ClusterRecord, at time: Timestamp) async throws {
        let key = ObjectKey.cluster(cluster.name)
        if try await documentIfAny(ClusterDescription.self, key) == nil {
            let mine = ClusterDescription(name: cluster.name, clusterID: cluster.id, cassandraName: cluster.cassandraName, created: time)
            _ = try await run { try $0.create(key, JSONText.encodeDocument(mine)) }
        }
        let present = try await document(ClusterDescription.self, key)
        guard present.clusterID == cluster.id else {
            throw Failure(
                "store.other-cluster", "'clusters/\(cluster.name)' in \(store.place) belongs to another cluster (Cassandra's '\(quotedName(present.cassandraName))', id \(present.clusterID))",
                hint: "use another store or prefix, or register this cluster under another name")
        }
    }

    private func quotedName(_ name: String) -> String { String(quoted(name).dropFirst().dropLast()) }
}

extension StoreSettings {
    /// With the credentials from their file.
    func access() throws -> StoreAccess {
        switch self {
        case .folder(let path): return .folder(path: path)
        case .s3(let s3):
            let text = String(decoding: try SecretFile.read(s3.credentialsFile, what: "store's credentials"), as: UTF8.self)
            let keys = try CredentialsFile(text).keys(profile: s3.profile, file: s3.credentialsFile)
            return .s3(
                S3Access(
                    endpoint: s3.endpoint, region: s3.region, bucket: s3.bucket, prefix: s3.prefix, pathStyle: s3.pathStyle, accessKey: keys.access, secretKey: keys.secret,
                    sessionToken: keys.token, caPEM: try s3.caFile.map { try SecretFile.certificates($0, of: "the store's authorities") }))
        }
    }
}

extension OperationsEnvironment {
    func open(_ record: StoreRecord) throws -> OpenedStore {
        let access = try record.settings.access()
        do { return OpenedStore(name: record.name, access: access, store: try openStore(access), pool: pool) } catch { throw Failure(error) }
    }

    func open(_ name: StoreName) async throws -> (OpenedStore, StoreRecord) {
        let record = try await catalog.store(named: name)
        return (try open(record), record)
    }
}
