import BackupModel
import HTTPClient
package import ObjectStore
import Synchronization

extension S3Store {
    package func probe() throws(StoreError) -> StoreTraits {
        let probe = ProbeObject(place: place)
        let response = try put(probe, fields: [])
        let second = try put(probe, fields: [HTTPField("if-none-match", "*")])
        let honoured = second.status == 412
        isConditional.withLock { $0 = honoured }
        try probe.checkAndDelete(self)
        sweep()
        return StoreTraits(conditionalCreate: honoured, clockOffsetMilliseconds: clockOffset(response.head))
    }

    private func put(_ probe: ProbeObject, fields: [HTTPField]) throws(StoreError) -> HTTPResponse {
        try probe.bytes.withBorrowedBytes { body throws(StoreError) in
            let request = S3Request("PUT", probe.key, fields: fields, body: body, what: "writing a probe")
            return try send(request, accepting: fields.isEmpty ? [200] : [200, 412, 501])
        }
    }

    /// Gives up the parts of our objects that a killed writer left a week ago or earlier.
    ///
    /// They cost money but do no harm: not to be allowed to list them is no error.
    private func sweep() {
        let request = S3Request(
            "GET", query: [("uploads", ""), ("encoding-type", "url"), ("prefix", endpoint.wholeKey(ObjectKey.clustersPrefix))],
            what: "listing unfinished uploads")
        guard let response = try? send(request, accepting: [200]), let root = XMLElement(response.body) else { return }
        let isEncoded = root.text(of: "EncodingType") == "url", old = now().advanced(by: -7 * 86_400_000)
        for upload in root.all("Upload") {
            guard let text = upload.text(of: "Key"), let whole = isEncoded ? percentDecoded(text, plusIsSpace: true) : text,
                let key = endpoint.ownPart(whole).flatMap({ try? ObjectKey(checking: $0) }),
                let id = upload.text(of: "UploadId"), let begun = upload.text(of: "Initiated").flatMap({ Timestamp($0) }), begun < old
            else { continue }
            giveUp(key, id)
        }
    }
}
