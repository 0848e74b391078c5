import BackupModel
import Foundation
import ObjectStore
import ObjectStoreDrivers
import TestSupport
import Testing

/// Against a real server.
@Suite(.enabled(if: RadosGateway.isInstalled, Comment(rawValue: RadosGateway.absence))) struct S3StoreTests {
    static let partSize = 5 << 20

    func open(prefix: String = "t-\(UUID().uuidString)", tls: Bool = false, change: (inout S3Access) -> Void = { _ in }) async throws -> S3Store {
        var access = try await RadosGateway.running().access(prefix: prefix, tls: tls), settings = S3Settings()
        change(&access)
        settings.partSize = Self.partSize
        settings.firstDelayMilliseconds = 10
        settings.attempts = 3
        return try S3Store(access, settings: settings)
    }

    @Test("a bucket keeps the rules of every store", arguments: ObjectStoreConformance.rules)
    func conforms(_ rule: ObjectStoreConformance) async throws {
        let place = ObjectStoreConformance.Place(try await open(), partSize: Self.partSize)
        try await onOwnThread { try rule.check(place) }
    }

    @Test("over TLS, whose certificate is checked and where bodies are not signed, a bucket keeps the same rules", arguments: ObjectStoreConformance.rules)
    func conformsOverTLS(_ rule: ObjectStoreConformance) async throws {
        let place = ObjectStoreConformance.Place(try await open(tls: true), partSize: Self.partSize)
        try await onOwnThread { try rule.check(place) }
    }

    @Test("a server whose certificate nobody vouches for is sent nothing, and named as such")
    func untrusted() async throws {
        let other = try TestCertificates(in: FileManager.default.temporaryDirectory.appending(path: "aeneas-tls-\(UUID().uuidString)"), names: ["IP:127.0.0.1"])
        defer { try? FileManager.default.removeItem(at: other.folder) }
        for authorities in [nil, try String(contentsOfFile: other.authority, encoding: .utf8)] {
            let store = try await open(tls: true) { $0.caPEM = authorities }
            let error = thrown { _ = try store.create(.store, [1]) }
            guard case .untrusted = error else { return fail(error) }
        }
        #expect(try await open(tls: true).size(of: .store) == nil)
    }

    @Test("the server's condition is honoured, and spares a request")
    func conditional() async throws {
        let store = try await open(), key = try ObjectKey(checking: "a")
        #expect(try store.probe().conditionalCreate)
        let before = store.requests
        #expect(try store.create(key, [1]))
        #expect(try !store.create(key, [2]))
        #expect(store.requests == before + 2)
    }

    @Test("two prefixes of one bucket do not see each other, and the root sees both")
    func prefixes() async throws {
        let name = "t-\(UUID().uuidString)"
        let one = try await open(prefix: name + "/p"), other = try await open(prefix: name + "/p1"), above = try await open(prefix: name)
        for store in [one, other] { #expect(try store.create(try ObjectKey(checking: "x"), [])) }
        #expect(try one.list(prefix: "").map(\.key.text) == ["x"])
        #expect(try above.list(prefix: "").map(\.key.text) == ["p/x", "p1/x"])
    }

    @Test("keys that are not ours are reported whole")
    func foreignKeys() async throws {
        let name = "t-\(UUID().uuidString)", store = try await open(prefix: name), bucket = try await RadosGateway.running().bucket
        // A base path in the endpoint puts a key where ObjectKey would not go.
        let odd = try await open(prefix: "") {
            $0.endpoint += "/\(bucket)/\(name)"
            $0.bucket = "-odd"
        }
        try odd.upload(try ObjectKey(checking: "x"), size: 1, transfer: TransferControl()) { buffer in
            buffer[0] = 1
            return 1
        }
        #expect(try store.create(try ObjectKey(checking: "good"), []))
        var keys: [String] = [], foreign: [String] = []
        try store.list(prefix: "", page: { keys += $0.map(\.key.text) }, foreign: { foreign.append($0) })
        #expect(keys == ["good"])
        #expect(foreign == ["-odd/x"])
    }

    @Test("a wrong secret is named as such")
    func wrongSecret() async throws {
        let store = try await open { $0.secretKey += "x" }
        let error = thrown { _ = try store.probe() }
        guard case .signatureRefused(place: _, let detail) = error else { return fail(error) }
        #expect(detail.contains("SignatureDoesNotMatch"))
        let secret = try await RadosGateway.running().secretKey
        #expect(!detail.contains(secret))
    }

    @Test("an unknown access key is named as such")
    func wrongKey() async throws {
        let store = try await open { $0.accessKey += "x" }
        let error = thrown { _ = try store.list(prefix: "") }
        guard case .signatureRefused = error else { return fail(error) }
    }

    @Test("a missing bucket is named as such")
    func missingBucket() async throws {
        let store = try await open { $0.bucket = "no-such-bucket" }
        for body in [{ _ = try store.probe() }, { _ = try store.list(prefix: "") }, { _ = try store.read(.store, limit: 10) }] {
            let error = thrown(body)
            guard case .noSuchBucket = error else { return fail(error) }
        }
    }

    @Test("bodies may go unsigned")
    func unsigned() async throws {
        var settings = S3Settings()
        settings.signsBodies = false
        let store = try S3Store(try await RadosGateway.running().access(prefix: "t-\(UUID().uuidString)"), settings: settings)
        #expect(try store.create(.store, Array("hello".utf8)))
        #expect(try store.read(.store, limit: 10) == Array("hello".utf8))
    }

    @Test("a server that nobody runs is unavailable")
    func nobodyThere() async throws {
        let store = try await open { $0.endpoint = "http://127.0.0.1:\(ScriptedServer.unusedPort())" }
        let error = thrown { _ = try store.size(of: .store) }
        guard case .unavailable = error else { return fail(error) }
    }
}
