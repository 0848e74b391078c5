package import BackupModel
import Crypto
import HTTPClient
package import ObjectStore

extension S3Store {
    package func upload(_ key: ObjectKey, size: Int, transfer: TransferControl, body: ObjectBody) throws(StoreError) {
        try upload(key, size: size, transfer: transfer, digest: { nil }, body: body)
    }

    package func upload(_ key: ObjectKey, size: Int, transfer: TransferControl, digest: ObjectDigest, body: ObjectBody) throws(StoreError) {
        try withoutActuallyEscaping(body) { body throws(StoreError) in
            let reader = BodyReader(key: key, place: place, size: size, body: body)
            let partSize = settings.partSize(for: size)
            guard partSize > settings.partSize else {
                return try buffers.borrow { buffer throws(StoreError) in try upload(reader, buffer, transfer, digest) }
            }
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: partSize, alignment: 4096)
            defer { buffer.deallocate() }
            try upload(reader, buffer, transfer, digest)
        }
    }

    private func upload(_ reader: BodyReader, _ buffer: UnsafeMutableRawBufferPointer, _ transfer: TransferControl, _ digest: ObjectDigest) throws(StoreError) {
        if transfer.isCancelled() { throw .cancelled }
        guard reader.size <= buffer.count else { return try uploadInParts(reader, buffer, transfer, digest) }
        var reader = reader
        let bytes = try reader.fill(buffer)
        _ = try send(S3Request("PUT", reader.key, body: bytes, sha256: digest(), what: "sending '\(reader.key)'"), accepting: [200], transfer: transfer)
    }

    private func uploadInParts(_ source: BodyReader, _ buffer: UnsafeMutableRawBufferPointer, _ transfer: TransferControl, _ digest: ObjectDigest) throws(StoreError) {
        let key = source.key, upload = try startParts(key, transfer)
        do throws(StoreError) {
            var reader = source
            var tags: [String] = []
            while reader.left > 0 {
                if transfer.isCancelled() { throw .cancelled }
                let bytes = try reader.fill(buffer)
                // What is known of the whole is true of its first part alone.
                tags.append(try sendPart(key, upload, number: tags.count + 1, bytes, sha256: tags.isEmpty ? digest() : nil, transfer))
            }
            try complete(key, upload, tags, size: source.size, transfer)
        } catch {
            // Parts of an upload that never ends are billed but invisible. The first error is the one to tell.
            giveUp(key, upload)
            throw error
        }
    }

    func giveUp(_ key: ObjectKey, _ upload: String) {
        sendBriefly(S3Request("DELETE", key, query: [("uploadId", upload)], what: "giving up '\(key)'"))
    }

    private func startParts(_ key: ObjectKey, _ transfer: TransferControl) throws(StoreError) -> String {
        let request = S3Request("POST", key, query: [("uploads", "")], body: UnsafeRawBufferPointer(start: nil, count: 0), what: "sending '\(key)'")
        let response = try send(request, accepting: [200], transfer: transfer)
        guard let id = XMLElement(response.body)?.text(of: "UploadId"), !id.isEmpty else {
            throw .unexpected(request.what, place: place, detail: "the store began an upload without naming it")
        }
        return id
    }

    private func sendPart(
        _ key: ObjectKey, _ upload: String, number: Int, _ bytes: UnsafeRawBufferPointer, sha256: String?, _ transfer: TransferControl
    ) throws(StoreError) -> String {
        let request = S3Request(
            "PUT", key, query: [("partNumber", "\(number)"), ("uploadId", upload)], body: bytes, sha256: sha256, what: "sending part \(number) of '\(key)'")
        guard let tag = try send(request, accepting: [200], transfer: transfer).field("etag") else {
            throw .unexpected(request.what, place: place, detail: "the answer has no ETag")
        }
        return tag
    }

    private func complete(_ key: ObjectKey, _ upload: String, _ tags: [String], size: Int, _ transfer: TransferControl) throws(StoreError) {
        let parts = tags.enumerated().map { "<Part><PartNumber>\($0.offset + 1)</PartNumber><ETag>\(xmlEscaped($0.element))</ETag></Part>" }
        let text = Array("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(parts.joined())</CompleteMultipartUpload>".utf8)
        var sendings = 0
        let response = try text.withBorrowedBytes { body throws(StoreError) in
            let request = S3Request("POST", key, query: [("uploadId", upload)], body: body, what: "completing '\(key)'")
            let response = try send(request, accepting: [200, 404], transfer: transfer.silent, sendings: &sendings)
            // A sending whose answer was lost may have completed it: the size below tells.
            if response.status == 404, sendings == 1 || S3Refusal(response).code == "NoSuchBucket" { throw storeError(S3Refusal(response), request) }
            return response
        }
        if let tag = XMLElement(response.body)?.text(of: "ETag"), tag == wholeTag(tags) { return }
        let stored = try self.size(of: key)
        guard stored == size else {
            throw .damagedInTransit(key, place: place, detail: "the store put together \(stored.map { "\($0)" } ?? "none") of \(size) bytes")
        }
    }

    /// The tag that proves an object to be those parts in that order: the MD5 of their MD5s. Stores that encrypt have others.
    private func wholeTag(_ tags: [String]) -> String? {
        let digests = tags.map { bytesOfHex($0.filter { $0 != "\"" }) }
        guard digests.allSatisfy({ $0?.count == 16 }) else { return nil }
        return "\"\(hexString(MD5.hash(digests.flatMap { $0 ?? [] })))-\(tags.count)\""
    }
}

extension TransferControl {
    /// For requests about an object rather than of its bytes.
    var silent: TransferControl { TransferControl(isCancelled: isCancelled) }
}
