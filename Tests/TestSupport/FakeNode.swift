package import BackupModel

/// One node of a `FakeCluster`: what it would tell, and what was done to it.
package struct FakeNode: Sendable {
    package var facts: NodeFacts
    /// What speaks at this address, when that is another's Cassandra.
    package var answersAs: NodeFacts?
    package var reachable = true
    package var running = true
    package var snapshots: Set<String> = ["operator_keep", "truncated-1700000000000-events"]
    /// Bytes of its one SSTable; another value makes another SSTable.
    package var contents = "rows"
    package var damaged = false
    package var staged = false
    package var placed = false
    package var aside = false
    /// With which host id Cassandra comes up after a start.
    package var startsAs: HostID?
    /// For `measure`: bytes free in each data folder.
    package var free = 1 << 40
    package var verifyFaults: [ObjectFault] = []
    package var jobs: [JobID: FakeJob] = [:]

    package var ours: [String] { snapshots.filter { $0.hasPrefix("aeneas-") }.sorted() }
}

package struct FakeJob: Sendable {
    package let work: JobWork
    package var journal: [JobEvent] = []
    package var starts = 0
    package var alive = true
    package var cancelled = false

    package var outcome: JobOutcome? {
        guard case .ended(let outcome)? = journal.last else { return nil }
        return outcome
    }
}

extension JobWork {
    /// One word for logs and scripts.
    package var word: String {
        switch self {
        case .upload: "upload"
        case .stage: "stage"
        case .stop: "stop"
        case .place: "place"
        case .start: "start"
        case .repair: "repair"
        case .rollBack: "rollback"
        case .dropAside: "drop"
        case .verify: "verify"
        case .guardPause: "guard"
        }
    }
}

extension FakeNode {
    /// - Parameter number: From 1; the node's address is 10.0.0.`number`.
    package init(_ number: Int, of count: Int, seeds: [String]) {
        let address = "10.0.0.\(number)", base = "/fake/\(address)"
        facts = NodeFacts(
            clusterName: "Test Cluster", release: "5.0.6", partitioner: "org.apache.cassandra.dht.Murmur3Partitioner", snitch: "SimpleSnitch", hostID: FakeNode.host(number), address: address,
            datacenter: "dc1", rack: "r\(number)", tokens: ["-\(number)000", "\(number)000"], mode: "NORMAL", schemaVersion: "59adb24e-f3cd-3e02-97f0-5b395827453f", ring: [],
            keyspaces: [
                "shop": ["class": "NetworkTopologyStrategy", "dc1": "3"], "system": ["class": "LocalStrategy"], "system_schema": ["class": "LocalStrategy"],
                "system_auth": ["class": "SimpleStrategy", "replication_factor": "1"]
            ], folders: NodeFolders(data: [base + "/data1", base + "/data2"], commitLog: base + "/commitlog", hints: base + "/hints"),
            settings: ["cdc_enabled": "false", "uuid_sstable_identifiers_enabled": "true"], seeds: seeds, pid: 1000 + number, space: [], clock: Timestamp(milliseconds: 0), snapshots: [])
    }

    package static func host(_ number: Int) -> HostID { HostID(unchecked: "00000000-0000-4000-8000-0000000000\(number < 10 ? "0" : "")\(number)") }

    func member(seenUp: Bool) -> RingMember {
        RingMember(hostID: facts.hostID, address: facts.address, datacenter: facts.datacenter, rack: facts.rack, up: seenUp, state: .normal, tokens: facts.tokens)
    }
}
