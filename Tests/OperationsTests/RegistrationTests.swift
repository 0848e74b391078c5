import BackupModel
import Catalog
import NodeDispatch
@testable import Operations
import TestSupport
import Testing

@Suite struct RegistrationTests {
    @Test("a cluster is registered by one of its nodes, with what each node says of itself")
    func registers() async throws {
        let bench = try Bench(), master = try bench.master()
        let record = try await master.register(contact: "10.0.0.2") { $0.store = nil }
        let nodes = try await master.catalog.nodes(of: record.id)
        #expect(record.cassandraName == "Test Cluster" && nodes.map(\.address) == bench.cluster.addresses && nodes.allSatisfy { $0.present })
        #expect(nodes.map(\.facts.folders) == bench.cluster.nodes.map(\.facts.folders) && nodes.map(\.tokens) == bench.cluster.nodes.map(\.facts.tokens))
        #expect(try await master.catalog.latestTopology(of: record.id)?.ring.count == 3)
    }

    @Test("settings that are changed by many at once are all changed")
    func changedAtOnce() async throws {
        let bench = try Bench(), master = try bench.master()
        let record = try await master.register(contact: "10.0.0.1") { $0.store = nil }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for port in 1...30 {
                group.addTask { _ = try await master.operations.registration.change(record.name) { $0.nodeOverrides["10.0.9.\(port)"] = NodeOverride(sshPort: port) } }
            }
            try await group.waitForAll()
        }
        #expect(try await master.catalog.cluster(named: record.name).settings.nodeOverrides.count == 30)
    }

    /// What a registration ends in; nothing must be registered, and no node have been told to do anything.
    private func refusal(_ bench: Bench, contact: String = "10.0.0.1", accept: Bool = false, _ change: (inout ClusterSettings) -> Void = { _ in }) async throws -> Failure? {
        let master = try bench.master()
        let failure = await failure { try await master.register(contact: contact, accept: accept) { settings in
            settings.store = nil
            change(&settings)
        } }
        #expect(try await master.catalog.clusters().isEmpty)
        #expect(bench.cluster.log.allSatisfy { $0.hasSuffix(" connect") || $0.hasSuffix(" inspect") })
        await master.stop()
        return failure
    }

    @Test("a second registration under the same name, or of the same nodes under another, is refused")
    func twice() async throws {
        let bench = try Bench(), master = try bench.master()
        try await master.register { $0.store = nil }
        bench.cluster.forgetLog()
        let sameName = await failure { try await master.register { $0.store = nil } }
        #expect(sameName?.code == "cluster.already-registered" && bench.cluster.log.isEmpty)
        let otherName = await failure { try await master.register("other", contact: "10.0.0.3") { $0.store = nil } }
        #expect(otherName?.code == "cluster.already-registered" && otherName?.summary.contains("'prod'") == true)
        #expect(try await master.catalog.clusters().map(\.name.rawValue) == ["prod"])
    }

    @Test("a node that is down as its peers see it stops a registration")
    func nodeDown() async throws {
        let bench = try Bench()
        bench.cluster.change("10.0.0.3") { $0.running = false }
        let failure = try await refusal(bench)
        #expect(failure?.code == "cluster.node-down" && failure?.node == "10.0.0.3")
    }

    @Test("a node that cannot be reached by SSH is named with its own code")
    func unreachableMember() async throws {
        let bench = try Bench()
        bench.cluster.change("10.0.0.2") { $0.reachable = false }
        let failure = try await refusal(bench)
        #expect(failure?.code == "ssh.unreachable" && failure?.node == "10.0.0.2")
    }

    @Test("a contact that cannot be reached, or whose Cassandra is down, is told as it is")
    func contact() async throws {
        let bench = try Bench()
        bench.cluster.change("10.0.0.1") { $0.reachable = false }
        #expect(try await refusal(bench)?.code == "ssh.unreachable")
        bench.cluster.change("10.0.0.1") { ($0.reachable, $0.running) = (true, false) }
        #expect(try await refusal(bench)?.code == "cassandra.unreachable")
        #expect(try await refusal(bench, contact: "10.9.9.9")?.code == "ssh.unreachable")
    }

    @Test("a node that joins, leaves or moves stops a registration", arguments: [RingMember.State.joining, .leaving, .moving])
    func moving(_ state: RingMember.State) async throws {
        let bench = try Bench()
        let ring = bench.cluster.nodes.map { RingMember(hostID: $0.facts.hostID, address: $0.facts.address, datacenter: "dc1", rack: "r", up: true, state: $0.facts.address == "10.0.0.2" ? state : .normal, tokens: []) }
        bench.cluster.changeAll { $0.facts.ring = ring }
        let failure = try await refusal(bench)
        #expect(failure?.code == "cluster.node-\(state.rawValue)" && failure?.node == "10.0.0.2" && failure?.recovery == .retry)
    }

    @Test("a node in another mode than NORMAL stops a registration")
    func drained() async throws {
        let bench = try Bench()
        bench.cluster.change("10.0.0.2") { $0.facts.mode = "DRAINED" }
        let failure = try await refusal(bench)
        #expect(failure?.code == "cluster.node-not-normal" && failure?.summary.contains("DRAINED") == true)
    }

    @Test("two schema versions stop a registration, and who has which is told")
    func schema() async throws {
        let bench = try Bench()
        bench.cluster.change("10.0.0.3") { $0.facts.schemaVersion = "aaaaaaaa-f3cd-3e02-97f0-5b395827453f" }
        let failure = try await refusal(bench)
        #expect(failure?.code == "cluster.schema-disagreement" && failure?.summary.contains("aaaaaaaa-f3cd-3e02-97f0-5b395827453f on 10.0.0.3") == true)
    }

    @Test("another node's Cassandra behind a node's port is found out")
    func wrongNode() async throws {
        let bench = try Bench()
        let other = bench.cluster.node("10.0.0.2").facts
        bench.cluster.change("10.0.0.3") { $0.answersAs = other }
        let failure = try await refusal(bench)
        #expect(failure?.code == "cluster.wrong-node" && failure?.node == "10.0.0.3" && failure?.summary.contains("10.0.0.2") == true)
    }

    @Test("a node that sees other members than the contact stops a registration")
    func viewsDiffer() async throws {
        let bench = try Bench()
        let ring = bench.cluster.nodes.dropFirst().map { RingMember(hostID: $0.facts.hostID, address: $0.facts.address, datacenter: "dc1", rack: "r", up: true, state: .normal, tokens: []) }
        bench.cluster.change("10.0.0.3") { $0.facts.ring = ring }
        let failure = try await refusal(bench)
        #expect(failure?.code == "cluster.views-differ" && failure?.node == "10.0.0.3")
    }

    @Test("several troubles are all told in one failure")
    func several() async throws {
        let bench = try Bench()
        bench.cluster.change("10.0.0.2") { $0.reachable = false }
        bench.cluster.change("10.0.0.3") { $0.facts.mode = "JOINING" }
        let failure = try await refusal(bench)
        #expect(failure?.code == "ssh.unreachable" && failure?.summary.contains("; also: node 10.0.0.3 is in mode JOINING") == true)
    }

    @Test("all unknown host keys are named at once, with their fingerprints")
    func unknownHostKeys() async throws {
        let bench = try Bench()
        for address in ["10.0.0.2", "10.0.0.3"] { bench.cluster.forgetHostKey(address) }
        let failure = try await refusal(bench)
        #expect(failure?.code == "ssh.host-key-unknown")
        #expect(failure?.summary.contains("SHA256:fake-2") == true && failure?.summary.contains("SHA256:fake-3") == true && failure?.hint?.contains("--accept-new-host-keys") == true)
    }

    @Test("unknown host keys are pinned on request; a changed one is refused all the same")
    func acceptHostKeys() async throws {
        let bench = try Bench(), key = HostKey(address: try HostAddress("10.0.0.2"), port: 22, algorithm: "ssh-ed25519", fingerprint: "SHA256:fake-2", key: "")
        for address in bench.cluster.addresses { bench.cluster.forgetHostKey(address) }
        #expect(try await refusal(bench)?.code == "ssh.host-key-unknown")
        #expect(try bench.cluster.trust(in: key) == .unknown)
        let master = try bench.master()
        try await master.register(accept: true) { $0.store = nil }
        #expect(try bench.cluster.trust(in: key) == .pinned)

        let other = try Bench()
        other.cluster.showOtherHostKey("10.0.0.2")
        let failure = try await refusal(other, accept: true)
        #expect(failure?.code == "ssh.host-key-changed" && failure?.summary.contains("SHA256:other") == true)
    }

    /// Not within the attribute: closures there crash the compiler of Swift 6.0.
    private static let unworkable: [@Sendable (inout ClusterSettings) -> Void] = [
        { $0.ssh.port = 0 }, { $0.jmx.port = 65_536 }, { $0.ssh.user = "-oProxyCommand=x" }, { $0.ssh.user = "a b" }, { $0.ssh.keyFile = "key" }, { $0.ssh.agentFolder = "../x" },
        { $0.ssh.agentFolder = "a;b" }, { $0.ssh.agentFolder = "-x" }, { $0.ssh.agentFolder = "a/\u{0301}" }, { $0.stopCommand = [] }, { $0.startCommand = [""] }, { $0.stopCommand = ["-c"] }, { $0.startCommand = ["a\0b"] },
        { $0.transfer.workers = 0 }, { $0.transfer.workers = 65 }, { $0.transfer.bytesPerSecond = 1 }, { $0.startTimeoutSeconds = 0 }
    ]

    @Test("settings that cannot work are refused before any node is asked", arguments: unworkable)
    func badSettings(_ change: @Sendable (inout ClusterSettings) -> Void) async throws {
        let bench = try Bench()
        #expect(try await refusal(bench, change)?.code == "cluster.bad-settings")
        #expect(bench.cluster.log.isEmpty)
    }

    @Test("a node's address in the settings is checked as a name")
    func badNodeName() async throws {
        let bench = try Bench()
        #expect(try await refusal(bench) { $0.nodeOverrides = ["-x": NodeOverride(sshPort: 22)] }?.code == "input.bad-name")
        #expect(try await refusal(bench) { $0.nodeOverrides = ["10.0.0.1": NodeOverride(jmxHost: "a b")] }?.code == "input.bad-name")
    }

    @Test("reading a cluster anew keeps who has left as no longer present, and tells what is wrong")
    func refresh() async throws {
        let bench = try Bench(), master = try bench.master()
        let record = try await master.register { $0.store = nil }
        let two = bench.cluster.nodes.prefix(2).map { RingMember(hostID: $0.facts.hostID, address: $0.facts.address, datacenter: "dc1", rack: "r", up: true, state: .normal, tokens: $0.facts.tokens) }
        bench.cluster.changeAll { $0.facts.ring = two }
        try await master.operations.registration.refresh(record)
        #expect(try await master.catalog.nodes(of: record.id).map(\.present) == [true, true, false])
        bench.cluster.change("10.0.0.2") { $0.running = false }
        #expect(await failure { try await master.operations.registration.refresh(record) }?.code == "cluster.node-down")
    }
}
