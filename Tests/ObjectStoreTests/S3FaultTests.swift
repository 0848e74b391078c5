import BackupModel
import Foundation
import ObjectStore
import ObjectStoreDrivers
import Synchronization
import TestSupport
import Testing

/// Against a server that does what the test says.
@Suite struct S3FaultTests {
    typealias Answer = ScriptedHTTPServer.Answer
    let key: ObjectKey

    init() throws { key = try ObjectKey(checking: "a/b") }

    func open(_ server: ScriptedHTTPServer, change: (inout S3Settings) -> Void = { _ in }) throws -> S3Store {
        var settings = S3Settings()
        settings.partSize = 5 << 20
        settings.attempts = 4
        settings.firstDelayMilliseconds = 1
        change(&settings)
        return try S3Store(S3Access(endpoint: server.url, bucket: "b", accessKey: "AK", secretKey: "SK"), settings: settings)
    }

    func refusal(_ status: Int, _ code: String, fields: [String] = []) -> Answer {
        .whole(status, fields: fields, body: Array("<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>told so</Message></Error>".utf8))
    }

    func upload(_ store: S3Store, size: Int) throws -> (read: Int, moved: Int) {
        var read = 0
        let moved = Mutex(0)
        try store.upload(key, size: size, transfer: TransferControl(moved: { count in moved.withLock { $0 += count } })) { buffer in
            for index in buffer.indices { buffer[index] = UInt8(truncatingIfNeeded: (read + index) / 7) }
            read += buffer.count
            return buffer.count
        }
        return (read, moved.withLock { $0 })
    }

    @Test("an upload survives 503, 500 in Amazon's words, a reset and a broken body, reading its source once and signing each try anew")
    func retriedUpload() throws {
        let script: [Answer] = [.whole(503), refusal(500, "InternalError"), .reset]
        let server = ScriptedHTTPServer { _, number in number < script.count ? script[number] : .whole(200, fields: ["ETag: \"x\""]) }
        let (read, moved) = try upload(try open(server), size: 300_000)
        #expect(read == 300_000)
        #expect(moved == 300_000)
        #expect(server.requests.count == 4)
        #expect(Set(server.requests.map(\.body)).count == 1)
        #expect(server.requests.allSatisfy { $0.fields["authorization"] != nil })
    }

    @Test("a digest that the caller has is what the signature names: of a small object the whole's, of a large one the first part's")
    func givenDigest() throws {
        let server = ScriptedHTTPServer { request, _ in request.method == "POST" ? .whole(200, body: Array("<R><UploadId>u</UploadId></R>".utf8)) : .whole(200, fields: ["ETag: \"x\""]) }
        let store = try open(server), transfer = TransferControl()
        for size in [1000, (5 << 20) + 1000] {
            var asked = 0, given = 0
            try? store.upload(key, size: size, transfer: transfer, digest: {
                asked += 1
                return String(repeating: "\(asked)", count: 64)
            }) { buffer in
                given += buffer.count
                return buffer.count
            }
            #expect(asked == 1 && given == size)
        }
        let named = server.requests.filter { $0.method == "PUT" }.map { $0.fields["x-amz-content-sha256"] }
        #expect(named.count == 3 && named[0] == String(repeating: "1", count: 64) && named[1] == named[0] && named[2] != named[0])
    }

    @Test("a reset in the middle of the body is retried from memory")
    func resetMidUpload() throws {
        let server = ScriptedHTTPServer(refuses: { $0 == 0 }) { _, _ in .whole(200, fields: ["ETag: \"x\""]) }
        let (read, moved) = try upload(try open(server), size: 4 << 20)
        #expect(read == 4 << 20)
        #expect(moved == 4 << 20)
        #expect(server.requests.last?.body.count == 4 << 20)
    }

    @Test("tries come to an end")
    func endOfTries() throws {
        let server = ScriptedHTTPServer { _, _ in .whole(503) }
        let store = try open(server)
        expect(.unavailable) { _ = try upload(store, size: 10) }
        #expect(server.requests.count == 4)
    }

    @Test(
        "a refusal is not retried",
        arguments: [("AccessDenied", Kind.accessDenied), ("SignatureDoesNotMatch", .signatureRefused), ("InvalidAccessKeyId", .signatureRefused)])
    func refusals(_ code: String, _ kind: Kind) throws {
        let server = ScriptedHTTPServer { _, _ in self.refusal(403, code) }
        let store = try open(server)
        expect(kind) { _ = try upload(store, size: 10) }
        #expect(server.requests.count == 1)
    }

    @Test("a clock that is off is told with its distance")
    func skewedClock() throws {
        let server = ScriptedHTTPServer { _, _ in self.refusal(403, "RequestTimeTooSkewed", fields: ["Date: Mon, 01 Jan 2001 00:00:00 GMT"]) }
        let error = thrown { _ = try open(server).list(prefix: "") }
        #expect("\(String(describing: error))".contains("clock is") && "\(String(describing: error))".contains("ahead of"))
    }

    @Test("a body damaged on its way is sent again")
    func damagedBody() throws {
        let server = ScriptedHTTPServer { _, number in number == 0 ? self.refusal(400, "XAmzContentSHA256Mismatch") : .whole(200, fields: ["ETag: \"x\""]) }
        #expect(try upload(try open(server), size: 10).read == 10)
        #expect(server.requests.count == 2)
        let hopeless = ScriptedHTTPServer { _, _ in self.refusal(400, "XAmzContentSHA256Mismatch") }
        let store = try open(hopeless)
        expect(.damagedInTransit) { _ = try upload(store, size: 10) }
    }

    @Test("a server that falls silent is left and asked again")
    func stall() throws {
        let server = ScriptedHTTPServer { _, number in number == 0 ? .silence : .whole(200, fields: ["ETag: \"x\""]) }
        #expect(try upload(try open(server) { $0.stallSeconds = 1 }, size: 10).read == 10)
        #expect(server.requests.count == 2)
    }

    @Test("a download that breaks goes on where it broke, of the same object", arguments: [false, true])
    func resumedDownload(reset: Bool) throws {
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 / 3) }
        let server = ScriptedHTTPServer { request, number in
            let start = request.fields["range"].flatMap { Int($0.dropFirst(6).dropLast()) } ?? 0
            let fields = ["ETag: \"e\""] + (start > 0 ? ["Content-Range: bytes \(start)-\(bytes.count - 1)/\(bytes.count)"] : [])
            let status = start > 0 ? 206 : 200, rest = Array(bytes[start...])
            return number < 5 ? .cut(status, fields: fields, body: rest, after: 100_000, reset: reset) : .whole(status, fields: fields, body: rest)
        }
        #expect(try open(server).read(key, limit: 2_000_000) == bytes)
        #expect(server.requests.count == 6)
        #expect(server.requests.dropFirst().allSatisfy { $0.fields["if-match"] == "\"e\"" && $0.fields["range"] != nil })
    }

    @Test("a server that knows no ranges sends all again, and the sink sees each byte once")
    func rangesIgnored() throws {
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 / 3) }
        let server = ScriptedHTTPServer { _, number in
            number == 0 ? .cut(200, fields: ["ETag: \"e\""], body: bytes, after: 70_000, reset: false) : .whole(200, fields: ["ETag: \"e\""], body: bytes)
        }
        #expect(try open(server).read(key, limit: 2_000_000) == bytes)
    }

    @Test("an object replaced between two pieces is noticed")
    func replacedMidway() throws {
        let bytes = [UInt8](repeating: 1, count: 100_000)
        let server = ScriptedHTTPServer { _, number in
            number == 0 ? .cut(200, fields: ["ETag: \"e\""], body: bytes, after: 50_000, reset: false) : self.refusal(412, "PreconditionFailed")
        }
        let store = try open(server)
        expect(.damagedInTransit) { _ = try store.read(key, limit: 1 << 20) }
        let careless = ScriptedHTTPServer { _, number in
            number == 0 ? .cut(200, fields: ["ETag: \"e\""], body: bytes, after: 50_000, reset: false) : .whole(200, fields: ["ETag: \"f\""], body: bytes)
        }
        let other = try open(careless)
        expect(.damagedInTransit) { _ = try other.read(key, limit: 1 << 20) }
    }

    @Test("an object that never comes whole is called cut short, with how much came")
    func neverWhole() throws {
        let server = ScriptedHTTPServer { request, _ in
            request.fields["range"] == nil ? .cut(200, fields: ["ETag: \"e\""], body: [UInt8](repeating: 1, count: 1000), after: 400, reset: false) : .reset
        }
        let error = thrown { _ = try open(server).read(key, limit: 1 << 20) }
        guard case .cutShort(key, place: _, got: 400, of: 1000) = error else { return fail(error) }
    }

    @Test("an answer without a length proves nothing and is refused")
    func noLength() throws {
        let server = ScriptedHTTPServer { _, _ in .cut(200, fields: ["Content-Length:", "Connection: close"], body: [1, 2, 3], after: 3, reset: false) }
        let store = try open(server)
        expect(.unexpected) { _ = try store.read(key, limit: 100) }
    }

    @Test("an error within a 200 to the last request of an upload is an error, and retried")
    func completionWithError() throws {
        let isCured = Mutex(false)
        let server = partsServer {
            self.refusal(200, "InternalError")
        } stored: {
            0
        } cured: {
            isCured.withLock { was in
                defer { was = true }; return was
            }
        }
        _ = try upload(try open(server), size: 6 << 20)
        #expect(server.requests.filter { $0.method == "POST" && $0.target.contains("uploadId") }.count == 2)
        #expect(!server.requests.contains { $0.method == "HEAD" }, "the tag proves the parts")
        let hopeless = partsServer {
            self.refusal(200, "InternalError")
        } stored: {
            0
        } cured: {
            false
        }
        let store = try open(hopeless)
        expect(.unavailable) { _ = try upload(store, size: 6 << 20) }
        #expect(hopeless.requests.last?.method == "DELETE", "the parts are given up")
    }

    @Test("an upload whose last answer was lost is looked for before it is called failed")
    func lostCompletion() throws {
        let number = Mutex(0)
        let server = partsServer {
            number.withLock {
                $0 += 1; return $0
            } == 1 ? .reset : self.refusal(404, "NoSuchUpload")
        } stored: {
            6 << 20
        } cured: {
            false
        }
        _ = try upload(try open(server), size: 6 << 20)
        #expect(server.requests.last?.method == "HEAD")
    }

    @Test("an object that was put together short is noticed")
    func shortCompletion() throws {
        let answer = Array("<CompleteMultipartUploadResult><ETag>\"odd\"</ETag></CompleteMultipartUploadResult>".utf8)
        let server = partsServer {
            .whole(200, body: answer)
        } stored: {
            5 << 20
        } cured: {
            false
        }
        let store = try open(server)
        expect(.damagedInTransit) { _ = try upload(store, size: 6 << 20) }
    }

    /// Begins uploads, takes parts, and completes as told until cured.
    func partsServer(
        _ complete: @escaping @Sendable () -> Answer, stored: @escaping @Sendable () -> Int, cured: @escaping @Sendable () -> Bool
    ) -> ScriptedHTTPServer {
        ScriptedHTTPServer { request, _ in
            switch request.method {
            case "POST" where request.target.hasSuffix("uploads="):
                .whole(200, body: Array("<InitiateMultipartUploadResult><UploadId>u&amp;1</UploadId></InitiateMultipartUploadResult>".utf8))
            case "POST" where cured():
                .whole(
                    200, body: Array("<CompleteMultipartUploadResult><ETag>\"5873dd45edd01f09c1ef2e7819369e8e-2\"</ETag></CompleteMultipartUploadResult>".utf8))
            case "POST": complete()
            // MD5 of the parts as the server would give them.
            case "PUT": .whole(200, fields: ["ETag: \"d41d8cd98f00b204e9800998ecf8427e\""])
            case "HEAD": .whole(200, fields: ["Content-Length: \(stored())"])
            default: .whole(204)
            }
        }
    }

    @Test("a part that is refused ends the upload and gives it up")
    func refusedPart() throws {
        let server = ScriptedHTTPServer { request, _ in
            switch request.method {
            case "POST": .whole(200, body: Array("<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>".utf8))
            case "PUT": self.refusal(403, "AccessDenied")
            default: .whole(204)
            }
        }
        let store = try open(server)
        expect(.accessDenied) { _ = try upload(store, size: 6 << 20) }
        #expect(server.requests.map(\.method) == ["POST", "PUT", "DELETE"])
    }

    @Test("a creator whose answer was lost knows its own object again, and another's too", arguments: [true, false])
    func lostCreation(isOurs: Bool) throws {
        let puts = Mutex(0)
        let server = ScriptedHTTPServer { request, _ in
            switch request.method {
            case "HEAD": .whole(404)
            case "GET": .whole(200, fields: ["ETag: \"e\""], body: isOurs ? [1, 2, 3] : [4, 5, 6])
            default:
                puts.withLock {
                    $0 += 1; return $0
                } == 1 ? .reset : self.refusal(412, "PreconditionFailed")
            }
        }
        #expect(try open(server).create(key, [1, 2, 3]) == isOurs)
    }

    @Test("a server that refuses conditions is looked at before it is written to")
    func noConditions() throws {
        let server = ScriptedHTTPServer { request, _ in
            request.method == "HEAD" ? .whole(404) : request.fields["if-none-match"] != nil ? self.refusal(501, "NotImplemented") : .whole(200)
        }
        #expect(try open(server).create(key, [1]))
        #expect(server.requests.map(\.method) == ["HEAD", "PUT", "PUT"])
    }

    @Test(
        "a list that is cut, garbled or runs in circles is not taken for a short one",
        arguments: [
            "", "<html>welcome</html>", "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key><Size>1</Size></Contents>",
            "<ListBucketResult><Contents><Key>a</Key><Size>1</Size></Contents></ListBucketResult>",
            "<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>a</Key><Size>1</Size></Contents></ListBucketResult>",
            "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key><Size>many</Size></Contents></ListBucketResult>",
            "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></ListBucketResult>",
        ])
    func garbledLists(_ page: String) throws {
        let server = ScriptedHTTPServer { _, _ in .whole(200, body: Array(page.utf8)) }
        let store = try open(server)
        expect(.unexpected) { _ = try store.list(prefix: "") }
    }

    @Test("a deletion that was refused for one key names it; one that may come right is tried again")
    func partialDeletion() throws {
        @Sendable func errors(_ code: String) -> Answer {
            .whole(200, body: Array("<DeleteResult><Error><Key>a/b</Key><Code>\(code)</Code><Message>no</Message></Error></DeleteResult>".utf8))
        }
        let server = ScriptedHTTPServer { _, _ in errors("AccessDenied") }
        let error = thrown { _ = try open(server).delete([key, try ObjectKey(checking: "c")]) }
        guard case .accessDenied(let what, place: _, detail: _) = error else { return fail(error) }
        #expect(what.contains("a/b"))
        let slow = ScriptedHTTPServer { _, number in number == 0 ? errors("SlowDown") : .whole(200, body: Array("<DeleteResult/>".utf8)) }
        try open(slow).delete([key, try ObjectKey(checking: "c")])
        #expect(slow.requests.count == 2)
        #expect(!String(decoding: slow.requests[1].body, as: UTF8.self).contains("<Key>c<"))
        #expect(slow.requests.allSatisfy { $0.fields["content-md5"]?.count == 24 })
    }

    @Test("a probe gives up what a killed writer began a week ago, below the clusters of this store, and nothing newer")
    func sweeping() throws {
        let probe = Mutex<[UInt8]?>(nil)
        func upload(_ id: String, _ time: String) -> String {
            "<Upload><Key>clusters/a%2Bb</Key><UploadId>\(id)</UploadId><Initiated>\(time)</Initiated></Upload>"
        }
        let uploads = upload("old", "2001-01-01T00:00:00.000Z") + upload("new", "2999-01-01T00:00:00.000Z") + upload("odd", "yesterday")
        let server = ScriptedHTTPServer { request, _ in
            let key = request.target.split(separator: "?")[0].split(separator: "/").dropFirst().joined(separator: "/")
            let contents = "<Contents><Key>\(request.target.components(separatedBy: "prefix=").last ?? "")</Key><Size>100</Size></Contents>"
            switch request.method {
            case "PUT" where request.fields["if-none-match"] != nil: return self.refusal(412, "PreconditionFailed")
            case "PUT":
                probe.withLock { $0 = request.body }
                return .whole(200, fields: ["Date: Sun, 06 Nov 1994 08:49:37 GMT"])
            case "GET" where request.target.contains("list-type"):
                return .whole(200, body: Array("<ListBucketResult><IsTruncated>false</IsTruncated>\(contents)</ListBucketResult>".utf8))
            case "GET" where request.target.contains("uploads="): return .whole(200, body: Array("<R><EncodingType>url</EncodingType>\(uploads)</R>".utf8))
            case "GET": return .whole(200, fields: ["ETag: \"\(key)\""], body: probe.withLock { $0 } ?? [])
            case "POST": return .whole(200, body: Array("<DeleteResult/>".utf8))
            case "HEAD": return .whole(404)
            default: return .whole(204)
            }
        }
        let traits = try open(server).probe()
        #expect(traits.conditionalCreate && (traits.clockOffsetMilliseconds ?? 0) < -1_000_000_000)
        #expect(server.requests.filter { $0.method == "DELETE" }.map(\.target) == ["/b/clusters/a%2Bb?uploadId=old"])
    }

    @Test("a cancelled wait between two tries ends at once")
    func cancelledWait() throws {
        let server = ScriptedHTTPServer { _, _ in .whole(503) }
        let store = try open(server) {
            $0.firstDelayMilliseconds = 600_000; $0.longestDelayMilliseconds = 600_000
        }
        let transfer = TransferControl(isCancelled: { !server.requests.isEmpty })
        expect(.cancelled) { try store.download(key, transfer: transfer) { _ in } }
    }

    enum Kind: Sendable { case unavailable, accessDenied, signatureRefused, damagedInTransit, unexpected, cancelled }

    func expect(_ kind: Kind, location: SourceLocation = #_sourceLocation, _ body: () throws -> Void) {
        do {
            try body()
            Issue.record("no error", sourceLocation: location)
        } catch {
            let fits =
                switch (kind, error as? StoreError) {
                case (.unavailable, .unavailable), (.accessDenied, .accessDenied), (.signatureRefused, .signatureRefused),
                    (.damagedInTransit, .damagedInTransit),
                    (.unexpected, .unexpected), (.cancelled, .cancelled):
                    true
                default: false
                }
            if !fits { Issue.record("\(error)", sourceLocation: location) }
        }
    }
}
