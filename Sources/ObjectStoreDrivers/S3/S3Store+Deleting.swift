package import BackupModel
import Crypto
import HTTPClient
package import ObjectStore

extension S3Store {
    package func delete(_ keys: [ObjectKey]) throws(StoreError) {
        for start in stride(from: 0, to: keys.count, by: 1000) {
            var left = Array(keys[start..<min(start + 1000, keys.count)])
            var attempt = 0
            while !left.isEmpty {
                attempt += 1
                let (again, trouble) = try deleteBatch(left)
                left = again
                if let trouble { try pause(after: attempt, trouble, TransferControl()) }
            }
        }
    }

    /// - Returns: Keys to try again and why; those that were not there are done.
    private func deleteBatch(_ keys: [ObjectKey]) throws(StoreError) -> (again: [ObjectKey], StoreError?) {
        let objects = keys.map { "<Object><Key>\(xmlEscaped(endpoint.wholeKey($0.text)))</Key></Object>" }
        let text = Array("<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>\(objects.joined())</Delete>".utf8)
        let response = try text.withBorrowedBytes { body throws(StoreError) in
            let digest = HTTPField("content-md5", base64String(MD5.hash(text)))
            return try send(
                S3Request("POST", query: [("delete", "")], fields: [digest], body: body, what: "deleting"), accepting: [200, 405, 501])
        }
        guard response.status == 200 else {
            for key in keys { _ = try send(S3Request("DELETE", key, what: "deleting '\(key)'"), accepting: [200, 204, 404]) }
            return ([], nil)
        }
        guard let result = XMLElement(response.body), result.name == "DeleteResult" || result.name == "DeleteObjectsResult" else {
            return (keys, .unexpected("deleting", place: place, detail: "the answer is not a result of deleting"))
        }
        return try sorted(result.all("Error"), response.head)
    }

    private func sorted(_ errors: [XMLElement], _ head: HTTPHead) throws(StoreError) -> (again: [ObjectKey], StoreError?) {
        var again: [ObjectKey] = [], trouble: StoreError?
        for error in errors {
            let code = error.text(of: "Code") ?? "", text = error.text(of: "Key") ?? ""
            if code == "NoSuchKey" { continue }
            let status = code == "AccessDenied" ? 403 : ["InternalError", "SlowDown", "ServiceUnavailable"].contains(code) ? 503 : 400
            let refusal = S3Refusal(status: status, code: code, message: error.text(of: "Message") ?? "", head: head)
            guard let key = endpoint.ownPart(text).flatMap({ try? ObjectKey(checking: $0) }) else {
                throw .unexpected("deleting", place: place, detail: "\(refusal.detail) for '\(text)'")
            }
            let reason = storeError(refusal, S3Request("POST", key, what: "deleting '\(key)'"))
            guard refusal.isWorthRetrying else { throw reason }
            again.append(key)
            trouble = reason
        }
        return (again, trouble)
    }
}
