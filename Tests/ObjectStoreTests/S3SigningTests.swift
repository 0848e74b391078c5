import BackupModel
import HTTPClient
import Testing

@testable import ObjectStoreDrivers

/// The examples of "Signature Calculations for the Authorization Header" in Amazon's S3 API reference.
@Suite struct S3SigningTests {
    let signer = S3Signer(accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", sessionToken: nil, region: "us-east-1")
    let host = "examplebucket.s3.amazonaws.com"
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    func signature(_ method: String, _ path: String, query: [(String, String)] = [], fields: [HTTPField] = [], payload: String) throws -> String {
        let time = try #require(Timestamp("2013-05-24T00:00:00Z"))
        let signed = signer.sign(method, host: host, path: path, query: S3Signer.canonicalQuery(query), fields: fields, payload: payload, at: time)
        return try #require(signed.first { $0.name == "authorization" }?.value.components(after: "Signature="))
    }

    @Test("GET with a range") func getObject() throws {
        #expect(
            try signature("GET", "/test.txt", fields: [HTTPField("range", "bytes=0-9")], payload: empty)
                == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    }

    @Test("PUT with a body and an escaped key") func putObject() throws {
        let fields = [HTTPField("date", "Fri, 24 May 2013 00:00:00 GMT"), HTTPField("x-amz-storage-class", "REDUCED_REDUNDANCY")]
        let payload = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
        #expect(
            try signature("PUT", "/test%24file.text", fields: fields, payload: payload) == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
    }

    @Test("GET with a query without values") func getLifecycle() throws {
        #expect(try signature("GET", "/", query: [("lifecycle", "")], payload: empty) == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
    }

    @Test("GET with a query") func listObjects() throws {
        #expect(
            try signature("GET", "/", query: [("prefix", "J"), ("max-keys", "2")], payload: empty)
                == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    }

    @Test("a session's token is signed with the rest") func sessionToken() throws {
        let signer = S3Signer(accessKey: "A", secretKey: "S", sessionToken: "T", region: "r")
        let fields = signer.sign("GET", host: "h", path: "/", query: "", fields: [], payload: empty, at: Timestamp(milliseconds: 0))
        #expect(fields.contains(HTTPField("x-amz-security-token", "T")))
        #expect(fields.contains { $0.value.contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,") })
    }

    @Test("a bucket stands in the path or before the host") func styles() throws {
        var access = S3Access(endpoint: "https://S3.example.com:443/", bucket: "b", prefix: "p/q", accessKey: "", secretKey: "")
        let key = try ObjectKey(checking: "a b/.c+é~(1)")
        let path = try S3Endpoint(access)
        #expect(path.url(path: path.path(key), query: "") == "https://s3.example.com/b/p/q/a%20b/.c%2B%C3%A9~%281%29")
        #expect(path.path(nil) == "/b")
        access.pathStyle = false
        access.endpoint = "http://s3.example.com:9000"
        let virtual = try S3Endpoint(access)
        #expect(virtual.url(path: virtual.path(key), query: "x=") == "http://b.s3.example.com:9000/p/q/a%20b/.c%2B%C3%A9~%281%29?x=")
        #expect(virtual.path(nil) == "/")
    }

    @Test(
        "an endpoint, a bucket or a prefix that cannot be right is refused",
        arguments: [
            ("s3.example.com", "b", ""), ("ftp://h", "b", ""), ("http://", "b", ""), ("http://u:p@h", "b", ""), ("http://h", "", ""), ("http://h", "a/b", ""),
            ("http://h", "b", "/p"), ("http://h", "b", "p/../q"),
        ]) func nonsense(endpoint: String, bucket: String, prefix: String)
    {
        #expect(throws: (any Error).self) { try openStore(.s3(S3Access(endpoint: endpoint, bucket: bucket, prefix: prefix, accessKey: "", secretKey: ""))) }
    }

    @Test("parts grow so that ten thousand are enough, up to S3's largest object") func partSizes() {
        let settings = S3Settings()
        #expect(settings.partSize(for: 100) == 8 << 20)
        for size in [80 << 30, 5 << 40] { #expect((size + settings.partSize(for: size) - 1) / settings.partSize(for: size) <= 10_000) }
    }

    @Test("answers are read with their entities, sections and namespaces, and refused when they are not whole") func xml() throws {
        let root = try #require(
            XMLElement(Array("<?xml version='1.0'?><!-- a > b --><s:R xmlns:s='x'>\n<K a=\"1\">a&lt;b&#43;&#xe9;</K><K/><K><![CDATA[<&>]]></K></s:R>".utf8)))
        #expect(root.name == "R")
        #expect(root.all("K").map(\.text) == ["a<b+é", "", "<&>"])
        for broken in ["", "<a>", "<a></b>", "<a>&b;</a>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "<a>&#xD800;</a>", String(repeating: "<a>", count: 100_000)] {
            #expect(XMLElement(Array(broken.utf8)) == nil, "\(broken.prefix(30))")
        }
    }
}

extension String {
    fileprivate func components(after mark: String) -> String? { firstRange(of: mark).map { String(self[$0.upperBound...]) } }
}
