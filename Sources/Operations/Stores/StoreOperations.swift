package import BackupModel
package import Catalog
package import NodeDispatch
import ObjectStore

extension Operations {
    /// Reaches the store, writes and reads in it, gives it its identity, and only then makes it known.
    package func addStore(_ name: StoreName, _ settings: StoreSettings) async throws -> StoreRecord {
        if case .folder(let path) = settings, !path.hasPrefix("/") || path.contains("/../") || path.hasSuffix("/..") {
            throw Failure("store.misconfigured", "\(quoted(path)) is not an absolute path", hint: "give the folder's path as the master and every node see it")
        }
        if case .s3(let s3) = settings, s3.caFile != nil, s3.endpoint.lowercased().hasPrefix("http:") {
            throw Failure("store.misconfigured", "a file of authorities says nothing for \(quoted(s3.endpoint)), which is reached without TLS", hint: "is the endpoint https://…? if not, leave --ca out")
        }
        let store = try environment.open(StoreRecord(name: name, settings: settings, createdAt: environment.clock()))
        _ = try await store.run { try $0.probe() }
        let identity = try await store.identity(orCreate: StoreDescription(storeID: environment.newUUID(), created: environment.clock()))
        let record = StoreRecord(name: name, id: identity.storeID, settings: settings, createdAt: environment.clock())
        try await environment.catalog.addStore(record)
        return record
    }

    package struct StoreCheck: Sendable {
        package let place: String
        package let id: ClusterID
        let traits: StoreTraits
        package var conditionalCreate: Bool { traits.conditionalCreate }
        package var clockOffsetMilliseconds: Int? { traits.clockOffsetMilliseconds }
    }

    package func checkStore(_ name: StoreName) async throws -> StoreCheck {
        let (store, record) = try await environment.open(name)
        let identity = try await identify(store, record), traits = try await store.run { try $0.probe() }
        return StoreCheck(place: store.store.place, id: identity, traits: traits)
    }

    /// That a store is still the one it was. A place that has lost its identity gets no new one: most likely it is the empty folder beneath a disk that is not mounted.
    func identify(_ store: OpenedStore, _ record: StoreRecord) async throws -> ClusterID {
        guard let known = record.id else {
            let identity = try await store.identity(orCreate: StoreDescription(storeID: environment.newUUID(), created: environment.clock())).storeID
            try await environment.catalog.setStoreID(record.name, identity)
            return identity
        }
        guard let identity = try await store.identity()?.storeID else {
            throw Failure("store.changed", "\(store.store.place) is not the store it was: there is no '\(ObjectKey.store)' in it", hint: "is it mounted, and on this host too?")
        }
        guard identity == known else {
            throw Failure("store.changed", "\(store.store.place) is not the store it was: its id is \(identity), '\(record.name)' had \(known)", hint: "is another disk mounted there, or was the bucket made anew?")
        }
        return identity
    }

    // MARK: hosts

    package func scanHost(_ address: HostAddress, port: Int) async throws -> (HostKey, HostTrust) {
        do {
            let key = try await environment.dispatch.hostKey(of: address, port: port)
            return (key, try environment.dispatch.trust(in: key))
        } catch {
            throw Failure(error)
        }
    }

    /// Pins the host's key if it is still the one that somebody compared.
    package func trustHost(_ address: HostAddress, port: Int, fingerprint: String) async throws -> HostKey {
        let (key, _) = try await scanHost(address, port: port)
        guard key.fingerprint == fingerprint else {
            throw Failure(
                "ssh.fingerprint-differs", "\(address):\(port) shows \(key.fingerprint), not \(quoted(fingerprint))", hint: "compare with the node's own: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub")
        }
        do { try environment.dispatch.pin(key) } catch { throw Failure(error) }
        return key
    }
}
