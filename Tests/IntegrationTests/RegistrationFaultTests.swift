import Foundation
import Testing

extension RealCassandra {
    @Suite("registration and host keys", .serialized, .enabled(if: NodesAvailable.cassandra, "no Cassandra can be had on this machine"))
    struct RegistrationFaults {
        @Test("unknown host keys are shown and refused, and each is pinned by its own fingerprint only")
        func unknownHostKeys() async throws {
            let bed = try await SharedBed.cassandra.bed(), master = try Master()
            try await master.start()
            let contact = bed.nodes[0], others = bed.nodes.dropFirst()
            expectFailed(try await master.register(bed, acceptHostKeys: false), "ssh.host-key-unknown", saying: [contact.address, contact.hostKeyFingerprint])

            let scanned = try await master.json("host", "scan", contact.address, "--ssh-port", "\(contact.sshPort)") as? [String: Any]
            #expect(scanned?["fingerprint"] as? String == contact.hostKeyFingerprint)
            #expect(scanned?["trust"] as? String == "unknown")
            let wrong = try await trust(master, contact, bed.nodes[1].hostKeyFingerprint)
            #expect(wrong.status == 1, "\(wrong)")
            #expect(wrong.errors.contains(contact.hostKeyFingerprint), "\(wrong)")
            expectFailed(try await master.register(bed, acceptHostKeys: false), "ssh.host-key-unknown", saying: [contact.hostKeyFingerprint])

            try requireDone(try await trust(master, contact, contact.hostKeyFingerprint))
            expectFailed(
                try await master.register(bed, acceptHostKeys: false), "ssh.host-key-unknown", saying: others.flatMap { [$0.address, $0.hostKeyFingerprint] })
            for node in others { try requireDone(try await trust(master, node, node.hostKeyFingerprint)) }
            try requireDone(try await master.register(bed, acceptHostKeys: false))
            master.kill(SIGTERM)
        }

        private func trust(_ master: Master, _ node: TestBed.Description.Node, _ fingerprint: String) async throws -> Ran {
            try await master.aeneas("host", "trust", node.address, "--ssh-port", "\(node.sshPort)", "--fingerprint", fingerprint)
        }

        @Test("a cluster is registered once; a contact that nobody answers at is named")
        func onceOnly() async throws {
            let bed = try await SharedBed.cassandra.bed(), master = try Master()
            try await master.start()
            let nowhere = bed.nodes[0].address.split(separator: ".").dropLast().joined(separator: ".") + ".251"
            let ran = try await master.aeneas(
                "cluster", "add", "prod", "--contact", nowhere, "--ssh-port", "\(bed.nodes[0].sshPort)", "--ssh-user", bed.description.sshUser, "--ssh-key",
                bed.description.sshKey, "--accept-new-host-keys")
            expectFailed(ran, "ssh.unreachable", saying: [nowhere])
            #expect((try await master.json("cluster", "list") as? [Any])?.isEmpty == true)

            try requireDone(try await master.register(bed))
            expectFailed(try await master.register(bed), "cluster.already-registered", saying: ["'prod'"])
            expectFailed(try await master.register(bed, as: "other"), "cluster.already-registered", saying: ["'prod'", bed.nodes[0].address])
            #expect((try await master.json("cluster", "list") as? [Any])?.count == 1)
            master.kill(SIGTERM)
        }

        @Test("a changed host key is refused before any login, with both fingerprints, also where new keys are accepted")
        func changedHostKey() async throws {
            let bed = try await SharedBed.cassandra.bed(), master = try await Master.registered(bed)
            let node = bed.nodes[2]
            try await withOtherHostKey(bed, node) { fingerprint in
                let logins = try acceptedLogins(node), both = [node.address, node.hostKeyFingerprint, fingerprint]
                expectFailed(try await master.aeneas("cluster", "refresh", "prod"), "ssh.host-key-changed", saying: both)
                expectFailed(try await master.register(bed, as: "other"), "ssh.host-key-changed", saying: both)
                expectFailed(try await master.backUp(), "ssh.host-key-changed", saying: both)
                #expect(master.objects { $0 == "backup.json" } == [])
                expectFailed(
                    try await master.aeneas("host", "trust", node.address, "--ssh-port", "\(node.sshPort)", "--yes"), "ssh.host-key-changed",
                    saying: [fingerprint])
                #expect(try acceptedLogins(node) == logins, "somebody logged in")
            }
            #expect(bed.ownSnapshots == [])
            try requireDone(try await master.aeneas("cluster", "refresh", "prod"))
            master.kill(SIGTERM)
        }

        private func acceptedLogins(_ node: TestBed.Description.Node) throws -> Int {
            try String(contentsOfFile: node.home + "/logs/sshd.log", encoding: .utf8).components(separatedBy: "Accepted publickey").count
        }

        /// The node's sshd shows another key while `body` runs.
        private func withOtherHostKey(_ bed: TestBed, _ node: TestBed.Description.Node, _ body: (String) async throws -> Void) async throws {
            let key = node.home + "/ssh/host_ed25519", files = FileManager.default
            try await bed.tool("sshd-stop", node.address)
            for suffix in ["", ".pub"] { try files.moveItem(atPath: key + suffix, toPath: key + suffix + ".own") }
            var outcome: Result<Void, any Error> = .success(())
            do {
                try requireDone(try await Subprocess.run("/usr/bin/ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]))
                let shown = try await Subprocess.run("/usr/bin/ssh-keygen", ["-lf", key + ".pub"])
                try await bed.tool("sshd-start", node.address)
                try await body(String(try #require(shown.output.split(separator: " ").dropFirst().first)))
            } catch {
                outcome = .failure(error)
            }
            try await bed.tool("sshd-stop", node.address)
            for suffix in ["", ".pub"] {
                try? files.removeItem(atPath: key + suffix)
                try files.moveItem(atPath: key + suffix + ".own", toPath: key + suffix)
            }
            try await bed.tool("sshd-start", node.address)
            try outcome.get()
        }
    }
}
