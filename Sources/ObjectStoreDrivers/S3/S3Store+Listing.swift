package import BackupModel
import HTTPClient
package import ObjectStore

extension S3Store {
    package func list(prefix: String, page: ([ListedObject]) throws -> Void, foreign: (String) -> Void) throws(StoreError) {
        var query = [("list-type", "2"), ("max-keys", "1000"), ("encoding-type", "url"), ("prefix", endpoint.wholeKey(prefix))]
        var tokens: Set<String> = []
        while true {
            let answer = try listPage(S3Request("GET", query: query, what: "listing '\(prefix)'"))
            var objects: [ListedObject] = []
            for (text, size) in answer.objects {
                let own = endpoint.ownPart(text)
                if let own, let key = try? ObjectKey(checking: own) { objects.append(ListedObject(key: key, size: size)) } else { foreign(own ?? text) }
            }
            if !objects.isEmpty {
                do { try page(objects) } catch { throw .sink(error) }
            }
            guard let token = answer.next else { return }
            guard tokens.insert(token).inserted else { throw .unexpected("listing '\(prefix)'", place: place, detail: "the store gives the same page again") }
            query = query.filter { $0.0 != "continuation-token" } + [("continuation-token", token)]
        }
    }

    /// A page that is cut short or makes no sense is asked for again: an object left out of a list might be taken for a lost one.
    private func listPage(_ request: S3Request) throws(StoreError) -> S3ListPage {
        for attempt in 1... {
            let response = try send(request, accepting: [200])
            if let page = S3ListPage(response.body) { return page }
            try pause(after: attempt, .unexpected(request.what, place: place, detail: "the answer is not a list of objects"), TransferControl())
        }
        preconditionFailure("attempts are endless")
    }
}

/// An answer of ListObjectsV2.
struct S3ListPage {
    var objects: [(key: String, size: Int)] = []
    /// nil on the last page.
    var next: String?

    init?(_ body: [UInt8]) {
        guard let root = XMLElement(body), root.name == "ListBucketResult", let isTruncated = root.text(of: "IsTruncated") else { return nil }
        let isEncoded = root.text(of: "EncodingType") == "url"
        for object in root.all("Contents") {
            guard let text = object.text(of: "Key"), let size = object.text(of: "Size").flatMap({ Int($0) }),
                let key = isEncoded ? percentDecoded(text, plusIsSpace: true) : text
            else { return nil }
            objects.append((key, size))
        }
        guard isTruncated == "true" else { return }
        guard let token = root.text(of: "NextContinuationToken"), !token.isEmpty else { return nil }
        next = token
    }
}
