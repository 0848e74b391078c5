package import BackupModel
import Crypto
import Glibc
import HTTPClient
package import ObjectStore
import Synchronization

/// A bucket, or a prefix in one, of any server that speaks Amazon's S3.
///
/// Bodies are sent from memory, so that a retry never reads the source again, and each attempt is signed anew.
/// A thread needs one connection and one part's buffer.
package final class S3Store: ObjectStore {
    package let place: String
    let endpoint: S3Endpoint
    let signer: S3Signer
    let settings: S3Settings
    let connections: ConnectionPool
    let buffers: BufferPool
    let count = RequestCount()
    /// Whether `If-None-Match` is honoured; nil until a probe has found out.
    let isConditional = Mutex<Bool?>(nil)

    /// - Throws: `.misconfigured`.
    package init(_ access: S3Access, settings: S3Settings = S3Settings()) throws(StoreError) {
        place = StoreAccess.s3(access).description
        endpoint = try S3Endpoint(access)
        signer = S3Signer(accessKey: access.accessKey, secretKey: access.secretKey, sessionToken: access.sessionToken, region: access.region)
        self.settings = settings
        var options = HTTPOptions()
        options.version = .http1
        options.connectSeconds = settings.connectSeconds
        options.stallSeconds = settings.stallSeconds
        options.caPEM = access.caPEM
        connections = ConnectionPool(options)
        buffers = BufferPool(size: settings.partSize)
    }

    package var requests: Int { count.value }

    package func size(of key: ObjectKey) throws(StoreError) -> Int? {
        let request = S3Request("HEAD", key, what: "looking for '\(key)'")
        let response = try send(request, accepting: [200, 404])
        guard response.status == 200 else { return nil }
        guard let size = response.field("content-length").flatMap({ Int($0) }) else {
            throw .unexpected(request.what, place: place, detail: "the answer names no size")
        }
        return size
    }

    package func create(_ key: ObjectKey, _ bytes: [UInt8]) throws(StoreError) -> Bool {
        let conditional = isConditional.withLock { $0 }
        // Without certainty that the store would refuse a second object, look first.
        if conditional != true, try size(of: key) != nil { return false }
        return try bytes.withBorrowedBytes { body throws(StoreError) in
            try put(key, body, isConditional: conditional != false)
        }
    }

    /// - Returns: False when there was an object and the store honours the condition.
    private func put(_ key: ObjectKey, _ body: UnsafeRawBufferPointer, isConditional: Bool) throws(StoreError) -> Bool {
        var request = S3Request("PUT", key, body: body, what: "creating '\(key)'")
        if isConditional { request.fields = [HTTPField("if-none-match", "*")] }
        var sendings = 0
        let response = try send(request, accepting: [200, 412, 501], sendings: &sendings)
        switch response.status {
        case 412 where sendings > 1:
            // An earlier sending of ours may have arrived though its answer did not.
            return try read(key, limit: body.count).elementsEqual(body)
        case 412: return false
        case 501 where isConditional:
            self.isConditional.withLock { $0 = false }
            return try put(key, body, isConditional: false)
        case 501: throw storeError(S3Refusal(response), request)
        default: return true
        }
    }

    /// The store's clock minus ours in milliseconds. Its field has whole seconds: half of one is the best guess.
    func clockOffset(_ head: HTTPHead) -> Int? { head.field("date").flatMap(httpDate).map { $0 * 1000 + 500 - now().milliseconds } }

    func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: time.tv_sec * 1000 + time.tv_nsec / 1_000_000)
    }
}
