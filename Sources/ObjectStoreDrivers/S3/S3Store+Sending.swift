import BackupModel
import Crypto
import Glibc
import HTTPClient
import ObjectStore

extension S3Store {
    /// Sends until an answer of one of those statuses comes. Retries what is worth it; each attempt is signed anew.
    func send(_ request: S3Request, accepting statuses: Set<Int>, transfer: TransferControl = TransferControl()) throws(StoreError) -> HTTPResponse {
        var sendings = 0
        return try send(request, accepting: statuses, transfer: transfer, sendings: &sendings)
    }

    /// - Parameter sendings: How often the body set out, libcurl's own repetitions over a new connection included.
    ///   Beyond 1, an answer may be about an earlier one.
    func send(
        _ request: S3Request, accepting statuses: Set<Int>, transfer: TransferControl = TransferControl(), sendings: inout Int
    ) throws(StoreError) -> HTTPResponse {
        var request = request, progress = BodyProgress(), attempts = 0
        // Once for all attempts. Should the bytes in memory change between two, the server refuses them.
        if let body = request.body, isSigned(body) { request.sha256 = request.sha256 ?? SHA256.hash(body).hex }
        defer { sendings = attempts + progress.rewinds }
        while true {
            attempts += 1
            let trouble: StoreError
            switch attempt(request, transfer, &progress) {
            case .success(let response):
                // Some requests fail after their status was sent: then the error, never a large one, is in the body of a 200.
                let isPlain = response.status != 200 || response.body.count > 1 << 16
                if statuses.contains(response.status), isPlain || S3Refusal(response).code.isEmpty { return response }
                let refusal = S3Refusal(response)
                trouble = storeError(refusal, request)
                guard refusal.isWorthRetrying else { throw trouble }
            case .failure(let error):
                trouble = storeError(error, request)
                guard error.isWorthRetrying else { throw trouble }
            }
            try pause(after: attempts, trouble, transfer)
        }
    }

    /// Two tries without long waits, for tidying up after something else has failed.
    func sendBriefly(_ request: S3Request) {
        for _ in 0..<2 {
            var progress = BodyProgress()
            if case .success(let response) = attempt(request, TransferControl(), &progress), !S3Refusal(response).isWorthRetrying { return }
        }
    }

    private func attempt(_ request: S3Request, _ transfer: TransferControl, _ progress: inout BodyProgress) -> Result<HTTPResponse, HTTPError> {
        let cursor = BodyCursor(request.body, transfer, progress)
        defer { progress = cursor.progress }
        let message = signed(request, body: cursor.httpBody)
        return Result(catching: { () throws(HTTPError) in
            try connections.borrow { connection throws(HTTPError) in try connection.send(message, isCancelled: transfer.isCancelled) }
        })
    }

    func signed(_ request: S3Request, body: HTTPBody = .none) -> HTTPRequest {
        count.add()
        let path = endpoint.path(request.key), query = S3Signer.canonicalQuery(request.query)
        let bytes = request.body ?? UnsafeRawBufferPointer(start: nil, count: 0)
        let payload = isSigned(bytes) ? request.sha256 ?? SHA256.hash(bytes).hex : S3Signer.unsignedPayload
        let fields = signer.sign(request.method, host: endpoint.host, path: path, query: query, fields: request.fields, payload: payload, at: now())
        return HTTPRequest(request.method, endpoint.url(path: path, query: query), fields: fields, body: body)
    }

    private func isSigned(_ body: UnsafeRawBufferPointer) -> Bool { settings.signsBodies ?? !endpoint.isEncrypted || body.isEmpty }

    /// Waits a random part of a time that doubles with each attempt.
    ///
    /// - Throws: `trouble` after the last attempt, or `.cancelled`.
    func pause(after attempts: Int, _ trouble: StoreError, _ transfer: TransferControl) throws(StoreError) {
        guard attempts < settings.attempts else { throw trouble }
        let longest = min(settings.longestDelayMilliseconds, settings.firstDelayMilliseconds << min(attempts - 1, 16))
        var left = Int.random(in: longest / 2...max(longest, 1))
        while left > 0 {
            if transfer.isCancelled() { throw .cancelled }
            let slice = min(left, 100)
            usleep(UInt32(slice) * 1000)
            left -= slice
        }
    }
}

/// How a body fared over all attempts.
private struct BodyProgress {
    /// Bytes that the caller was told of: what is sent again is not told again.
    var reported = 0
    var rewinds = 0
}

/// A walk over a body in memory.
private final class BodyCursor {
    private let bytes: UnsafeRawBufferPointer?
    private let transfer: TransferControl
    private var sent = 0
    private(set) var progress: BodyProgress

    init(_ bytes: UnsafeRawBufferPointer?, _ transfer: TransferControl, _ progress: BodyProgress) {
        self.bytes = bytes
        self.transfer = transfer
        self.progress = progress
    }

    var httpBody: HTTPBody {
        guard let bytes else { return .none }
        return .stream(size: bytes.count, HTTPBodyStream(read: { self.read(bytes, $0) }, rewind: rewind))
    }

    private func rewind() {
        sent = 0
        progress.rewinds += 1
    }

    private func read(_ bytes: UnsafeRawBufferPointer, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count - sent)
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[sent..<sent + count]))
        sent += count
        if sent > progress.reported {
            transfer.moved(sent - progress.reported)
            progress.reported = sent
        }
        return count
    }
}
