import BackupModel
import Testing

@Suite struct SecretsTests {
    private static let s3 = S3Access(endpoint: "https://s3.example.com", bucket: "backups", prefix: "prod", accessKey: "AKIAUSER", secretKey: "hush-secret", sessionToken: "hush-token")
    private static let jmx = NodeAccess(jmxUser: "cassandra", jmxPassword: "hush-password")

    @Test("no way of printing a store's or a node's access shows its secrets")
    func printing() throws {
        let work = VerifyWork(
            store: .s3(Self.s3), cluster: ClusterName(unchecked: "prod"), backup: BackupID(unchecked: "20261124T145501Z-1a2b3c"), source: HostID(unchecked: "6f1c0b46-6f6d-4c3c-9d1e-2f0f5b0a0001"),
            manifestSHA256: SHA256Hex(unchecked: String(repeating: "a", count: 64)), transfer: Transfer())
        let values: [Any] = [
            Self.s3, StoreAccess.s3(Self.s3), [Self.s3], Optional(Self.s3) as Any, work, JobWork.verify(work), AgentRequest.startJob(JobRequest(id: JobID(unchecked: "x"), work: .verify(work), leaseSeconds: 1)),
            Self.jmx, AgentRequest.inspect(Self.jmx, ring: .whole), ServiceWork(access: Self.jmx, command: [], folders: NodeFolders(data: [], commitLog: ""), timeoutSeconds: 1)
        ]
        for value in values {
            var dumped = ""
            dump(value, to: &dumped)
            for text in ["\(value)", String(reflecting: value), dumped] { #expect(!text.contains("hush"), "\(text)") }
        }
    }

    @Test("the secrets are in what the agent is sent")
    func sent() throws {
        #expect(try JSONText.decode(StoreAccess.self, from: JSONText.encode(StoreAccess.s3(Self.s3))) == .s3(Self.s3))
        #expect(try JSONText.decode(NodeAccess.self, from: JSONText.encode(Self.jmx)) == Self.jmx)
    }

    @Test("a store is told by its place")
    func place() {
        #expect(StoreAccess.folder(path: "/srv/backups").description == "/srv/backups")
        #expect(StoreAccess.s3(Self.s3).description == "s3://backups/prod")
        #expect(StoreAccess.s3(S3Access(endpoint: "http://x", bucket: "b", accessKey: "", secretKey: "")).description == "s3://b")
    }
}
