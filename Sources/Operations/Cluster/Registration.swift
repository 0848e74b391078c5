package import BackupModel
package import Catalog
import Logging
import NodeDispatch

/// Makes a cluster known by one of its nodes.
package struct Registration: Sendable {
    let environment: OperationsEnvironment

    package init(environment: OperationsEnvironment) { self.environment = environment }

    /// Reads the ring from the contact and everything else from each node itself; registers nothing unless every node answers, is up and normal, and all agree.
    ///
    /// - Parameter acceptNewHostKeys: Pins keys that are not known; one that has changed is refused all the same.
    package func register(name: ClusterName, contact: HostAddress, settings: ClusterSettings, acceptNewHostKeys: Bool) async throws -> ClusterRecord {
        try SettingsCheck.check(settings)
        if let known = try await environment.catalog.clusters().first(where: { $0.name == name }) {
            throw Failure("cluster.already-registered", "a cluster is registered as '\(name)' already (Cassandra's '\(known.cassandraName)')", hint: "aeneas cluster show \(name)")
        }
        if let store = settings.store { _ = try await environment.open(store) }
        let access = ClusterAccess(settings: settings)
        let survey = try await survey(contact, access, acceptNewHostKeys: acceptNewHostKeys)
        if let trouble = survey.trouble { throw trouble }
        let facts = survey.answers.compactMap(\.live)
        try await refuseKnown(facts)
        let now = environment.clock()
        let record = ClusterRecord(
            id: environment.newUUID(), name: name, cassandraName: survey.firstView.clusterName, partitioner: survey.firstView.partitioner, settings: settings, createdAt: now)
        try await environment.catalog.addCluster(record, facts: facts, ring: survey.firstView.ring)
        return record
    }

    /// Reads a registered cluster's ring and nodes anew.
    package func refresh(_ cluster: ClusterRecord) async throws {
        let survey = try await Surveyor(environment, ClusterAccess(settings: cluster.settings)).survey(from: try await environment.addresses(of: cluster))
        try await environment.record(survey, of: cluster)
        if let trouble = survey.trouble { throw trouble }
    }

    private func survey(_ contact: HostAddress, _ access: ClusterAccess, acceptNewHostKeys: Bool) async throws -> Survey {
        if acceptNewHostKeys { try await pinIfNew(access.target(contact.rawValue)) }
        let surveyor = Surveyor(environment, access)
        var survey = try await surveyor.survey(from: [contact.rawValue])
        guard survey.answers.contains(where: { $0.hasUnknownHostKey }) else { return survey }
        guard acceptNewHostKeys else { throw unknownHostKeys(survey) }
        for answer in survey.answers where answer.hasUnknownHostKey { try await pinIfNew(answer.target) }
        survey = try await surveyor.survey(from: [contact.rawValue])
        return survey
    }

    private func pinIfNew(_ target: NodeTarget) async throws {
        do {
            let key = try await environment.dispatch.hostKey(of: target.address, port: target.port)
            switch try environment.dispatch.trust(in: key) {
            case .pinned: return
            case .changed(let pinned): throw DispatchError.hostKeyChanged(DispatchError.NodeName(target), key, pinned: pinned)
            case .unknown:
                try environment.dispatch.pin(key)
                environment.log.info("pinned a new host key", ["host": target.address.rawValue, "port": "\(target.port)", "fingerprint": key.fingerprint])
            }
        } catch {
            throw Failure(error)
        }
    }

    private func unknownHostKeys(_ survey: Survey) -> Failure {
        let unknown = survey.answers.filter(\.hasUnknownHostKey)
        var failures = unknown.compactMap { answer -> Failure? in
            guard case .failure(let failure) = answer.facts else { return nil }
            return failure
        }
        var first = failures.removeFirst()
        if !failures.isEmpty { first.summary += "; also: " + failures.map(\.summary).joined(separator: "; ") }
        first.hint = "compare each with the node's own (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then run 'aeneas host trust' for each, or repeat with --accept-new-host-keys"
        return first
    }

    /// Two clusters may bear one name; that they share a node is what makes them one.
    private func refuseKnown(_ facts: [NodeFacts]) async throws {
        let hosts = Set(facts.map(\.hostID))
        for cluster in try await environment.catalog.clusters() {
            guard let node = try await environment.catalog.nodes(of: cluster.id).first(where: { $0.present && hosts.contains($0.hostID) }) else { continue }
            throw Failure(
                "cluster.already-registered", "this cluster is registered as '\(cluster.name)' already: it has node \(node.address) (host id \(node.hostID))",
                hint: "aeneas cluster show \(cluster.name)")
        }
    }
}

extension Survey.Answer {
    var hasUnknownHostKey: Bool {
        guard case .failure(let failure) = facts else { return false }
        return failure.code == "ssh.host-key-unknown"
    }
}

extension OperationsEnvironment {
    /// Addresses at which the cluster's members were seen last.
    func addresses(of cluster: ClusterRecord) async throws -> [String] {
        try await catalog.nodes(of: cluster.id).filter(\.present).map(\.address).sorted()
    }

    func record(_ survey: Survey, of cluster: ClusterRecord) async throws {
        try await catalog.recordTopology(cluster.id, facts: survey.answers.compactMap(\.live), ring: survey.firstView.ring, at: clock())
    }

    func cluster(_ name: ClusterName) async throws -> ClusterRecord { try await catalog.cluster(named: name) }
}
