import BackupModel
import Catalog
import Foundation
import NodeDispatch
@testable import Operations
import TestSupport
import Testing

@Suite struct StoreTests {
    @Test("a store is probed and given its identity before it is known")
    func adding() async throws {
        let bench = try Bench(), master = try bench.master()
        let record = try await master.addStore()
        #expect(bench.objects == ["aeneas.json"])
        let check = try await master.operations.checkStore(Master.store)
        #expect(check.id == record.id && check.place == bench.storeFolder.path)
    }

    @Test("a store that two masters open is one store", .timeLimit(.minutes(1)))
    func sameIdentity() async throws {
        let bench = try Bench(), one = try bench.master(), other = try bench.master()
        async let first = one.addStore()
        async let second = other.addStore()
        let ids = try await (first.id, second.id)
        #expect(ids.0 != nil && ids.0 == ids.1)
    }

    @Test("a store cannot be added twice, under its name or another")
    func twice() async throws {
        let bench = try Bench(), master = try bench.master()
        try await master.addStore()
        #expect(await failure { try await master.addStore() }?.code == "catalog.store-name-taken")
        #expect(await failure { try await master.addStore(StoreName("other")) }?.code == "catalog.store-known")
    }

    @Test("a folder that is not absolute, is missing or no folder is refused", arguments: ["relative", "/tmp/../etc", "/nowhere/at/all", "/etc/hostname", ""])
    func badFolder(_ path: String) async throws {
        let bench = try Bench(), master = try bench.master()
        #expect(await failure { try await master.operations.addStore(Master.store, .folder(path: path)) }?.code == "store.misconfigured")
        #expect(try await master.catalog.stores().isEmpty)
    }

    private func s3(_ bench: Bench, _ text: String?, mode: Int = 0o600, profile: String = "default") async throws -> Failure? {
        let path = bench.folder.appendingPathComponent("credentials").path
        if let text { _ = FileManager.default.createFile(atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: mode]) }
        let master = try bench.master()
        defer { try? FileManager.default.removeItem(atPath: path) }
        // Nothing listens there: whatever is wrong with the file must be found first.
        let settings = S3Settings(endpoint: "http://127.0.0.1:1", region: "us-east-1", bucket: "b", prefix: "", pathStyle: true, credentialsFile: path, profile: profile, caFile: nil)
        return await failure { try await master.operations.addStore(Master.store, .s3(settings)) }
    }

    @Test("credentials that are missing, exposed or incomplete are told without any of their values")
    func credentials() async throws {
        let bench = try Bench(), sound = "[default]\naws_access_key_id = AKIA\naws_secret_access_key = hush\n"
        #expect(try await s3(bench, nil)?.code == "input.secret-unreadable")
        let exposed = try await s3(bench, sound, mode: 0o640)
        #expect(exposed?.code == "input.secret-exposed" && exposed?.hint?.hasPrefix("chmod 600") == true)
        let noProfile = try await s3(bench, sound, profile: "other")
        #expect(noProfile?.code == "store.no-credentials" && noProfile?.hint == "it has: default")
        let half = try await s3(bench, "[default]\naws_secret_access_key = hush\n")
        #expect(half?.code == "store.no-credentials" && half.map { "\($0)" }?.contains("hush") == false)
    }

    @Test("the authorities of a store are read on the master and travel as text: a node has no such file")
    func authorities() throws {
        let bench = try Bench(), credentials = bench.folder.appendingPathComponent("credentials").path, authorities = bench.folder.appendingPathComponent("ca.pem").path
        let keys = Data("[default]\naws_access_key_id = AKIA\naws_secret_access_key = hush\n".utf8), pem = "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n"
        try #require(FileManager.default.createFile(atPath: credentials, contents: keys, attributes: [.posixPermissions: 0o600]))
        let settings = StoreSettings.s3(S3Settings(endpoint: "https://127.0.0.1:1", bucket: "b", credentialsFile: credentials, caFile: authorities))
        #expect(throws: Failure.self) { try settings.access() }
        try Data("no certificate".utf8).write(to: URL(fileURLWithPath: authorities))
        #expect { try settings.access() } throws: { ($0 as? Failure)?.code == "input.no-certificate" }
        try Data(pem.utf8).write(to: URL(fileURLWithPath: authorities))
        guard case .s3(let access) = try settings.access() else { return #expect(Bool(false)) }
        #expect(access.caPEM == pem)
    }

    @Test("authorities for an endpoint without TLS are refused before anything is read")
    func authoritiesWithoutTLS() async throws {
        let bench = try Bench(), master = try bench.master()
        let settings = StoreSettings.s3(S3Settings(endpoint: "HTTP://127.0.0.1:1", bucket: "b", credentialsFile: "/nowhere", caFile: "/nowhere"))
        let refused = await failure { try await master.operations.addStore(Master.store, settings) }
        #expect(refused?.code == "store.misconfigured" && refused?.hint?.contains("--ca") == true)
        #expect(try await master.catalog.stores().isEmpty)
    }

    @Test("a credentials file is read as the AWS tools read it")
    func credentialsFile() throws {
        let file = CredentialsFile("# c\n; c\r\n[ prod ]\n AWS_ACCESS_KEY_ID=A=B\naws_secret_access_key = s#1 \n\n[empty]\n[prod]\naws_session_token=t\n")
        let keys = try file.keys(profile: "prod", file: "f")
        #expect(keys.access == "A=B" && keys.secret == "s#1" && keys.token == "t")
        #expect(throws: Failure.self) { try file.keys(profile: "empty", file: "f") }
    }

    @Test("a host's key is shown, and pinned only if it is still the one that was compared")
    func hosts() async throws {
        let bench = try Bench(), master = try bench.master(), address = try HostAddress("10.0.0.2")
        bench.cluster.forgetHostKey("10.0.0.2")
        let (key, trust) = try await master.operations.scanHost(address, port: 22)
        #expect(trust == .unknown)
        #expect(await failure { try await master.operations.trustHost(address, port: 22, fingerprint: "SHA256:x") }?.code == "ssh.fingerprint-differs")
        #expect(try await master.operations.scanHost(address, port: 22).1 == .unknown)
        _ = try await master.operations.trustHost(address, port: 22, fingerprint: key.fingerprint)
        #expect(try await master.operations.scanHost(address, port: 22).1 == .pinned)
        bench.cluster.showOtherHostKey("10.0.0.2")
        #expect(try await master.operations.scanHost(address, port: 22).1 == .changed(pinned: ["SHA256:fake-2"]))
        #expect(await failure { try await master.operations.scanHost(HostAddress("10.9.9.9"), port: 22) }?.code == "ssh.unreachable")
    }

    @Test("the JMX password is read from its file for each request, and only from a file that nobody else reads")
    func jmxCredentials() async throws {
        let bench = try Bench(), master = try bench.master(), path = bench.folder.appendingPathComponent("jmx").path
        _ = FileManager.default.createFile(atPath: path, contents: Data("cassandra hush\n".utf8), attributes: [.posixPermissions: 0o600])
        try await master.register { settings in (settings.store, settings.jmx.credentialsFile) = (nil, path) }
        let users = bench.cluster.requests.compactMap { request -> String? in if case .inspect(let access, _) = request { "\(access.jmxUser ?? "-")/\(access.jmxPassword ?? "-")" } else { nil } }
        #expect(Set(users) == ["cassandra/hush"])
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        let cluster = try await master.catalog.cluster(named: Master.cluster)
        #expect(await failure { try await master.operations.registration.refresh(cluster) }?.code == "input.secret-exposed")
        try Data("only-one-word".utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        #expect(await failure { try await master.operations.registration.refresh(cluster) }?.code == "cluster.jmx-credentials")
    }
}
