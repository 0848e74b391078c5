package import BackupModel
import HTTPClient
package import ObjectStore

extension S3Store {
    package func download(_ key: ObjectKey, transfer: TransferControl, sink: (UnsafeRawBufferPointer) throws -> Void) throws(StoreError) {
        var state = DownloadState()
        let pieces = GatheredPieces()
        var failures = 0
        while true {
            let before = state.got, trouble: StoreError
            switch Result(catching: { () throws(HTTPError) in try attempt(key, &state, transfer, pieces, sink) }) {
            case .success(let response) where (200..<300).contains(response.status):
                guard let size = state.size, state.got < size else { return try pieces.finish(sink) }
                trouble = .cutShort(key, place: place, got: state.got, of: size)
            case .success(let response):
                let refusal = S3Refusal(response)
                trouble = refusal.status == 412 ? changed(key) : storeError(refusal, request(key, state))
                guard refusal.isWorthRetrying else { throw trouble }
            case .failure(let error):
                trouble = cut(error, key, state) ?? storeError(error, request(key, state))
                guard error.isWorthRetrying else { throw trouble }
            }
            // Every byte that came makes a new beginning: a long object over a poor line comes through.
            failures = state.got > before ? 1 : failures + 1
            try pause(after: failures, trouble, transfer)
        }
    }

    private func cut(_ error: HTTPError, _ key: ObjectKey, _ state: DownloadState) -> StoreError? {
        guard case .cutShort = error, let size = state.size else { return nil }
        return .cutShort(key, place: place, got: state.got, of: size)
    }

    private func request(_ key: ObjectKey, _ state: DownloadState) -> S3Request {
        var request = S3Request("GET", key, what: "reading '\(key)'")
        if state.got > 0 {
            request.fields = [HTTPField("range", "bytes=\(state.got)-")]
            if let tag = state.tag { request.fields.append(HTTPField("if-match", tag)) }
        }
        return request
    }

    private func attempt(
        _ key: ObjectKey, _ state: inout DownloadState, _ transfer: TransferControl, _ pieces: GatheredPieces, _ sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws(HTTPError) -> HTTPResponse {
        let message = signed(request(key, state))
        var isBegun = false
        let store = self
        let response = try connections.borrow { connection throws(HTTPError) in
            try connection.send(message, isCancelled: transfer.isCancelled) { head, bytes in
                if !isBegun {
                    isBegun = true
                    try state.begin(head, key, store)
                }
                guard let news = state.take(bytes) else { return }
                try pieces.add(news, of: state.size ?? 0, sink)
                transfer.moved(news.count)
            }
        }
        // An empty object has no body to begin with.
        if !isBegun, (200..<300).contains(response.status) {
            do { try state.begin(response.head, key, self) } catch { throw .callerFailed(error) }
        }
        return response
    }

    fileprivate func changed(_ key: ObjectKey) -> StoreError { .damagedInTransit(key, place: place, detail: "it was replaced while it was read") }
}

/// Brings the pieces of at most 16 KiB that libcurl gives together, also over several attempts: writing so small ones costs the kernel far more than copying them.
private final class GatheredPieces {
    private static let greatest = 256 << 10
    private var buffer: UnsafeMutableRawBufferPointer?
    private var filled = 0

    deinit { buffer?.deallocate() }

    func add(_ bytes: UnsafeRawBufferPointer, of size: Int, _ sink: (UnsafeRawBufferPointer) throws -> Void) throws(StoreError) {
        let buffer = self.buffer ?? .allocate(byteCount: max(1, min(size, Self.greatest)), alignment: 4096)
        self.buffer = buffer
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest.prefix(buffer.count - filled))
            UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).copyMemory(from: part)
            filled += part.count
            rest = rest.dropFirst(part.count)
            if filled == buffer.count { try finish(sink) }
        }
    }

    func finish(_ sink: (UnsafeRawBufferPointer) throws -> Void) throws(StoreError) {
        guard let buffer, filled > 0 else { return }
        let gathered = UnsafeRawBufferPointer(rebasing: buffer[..<filled])
        filled = 0
        do { try sink(gathered) } catch { throw .sink(error) }
    }
}

/// Where a download stands, over all its attempts.
private struct DownloadState {
    var got = 0
    var size: Int?
    var tag: String?
    /// Bytes that a server which knows no ranges sends a second time.
    private var skip = 0

    mutating func begin(_ head: HTTPHead, _ key: ObjectKey, _ store: S3Store) throws {
        guard let length = head.field("content-length").flatMap({ Int($0) }) else {
            throw StoreError.unexpected("reading '\(key)'", place: store.place, detail: "the answer names no size")
        }
        let start = head.status == 206 ? got : 0
        skip = got - start
        guard size == nil || size == start + length, tag == nil || tag == head.field("etag"), head.status != 206 || rangeStart(head) == got else {
            throw store.changed(key)
        }
        size = start + length
        tag = head.field("etag")
    }

    /// The part of `bytes` that was not there before.
    mutating func take(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let known = min(skip, bytes.count)
        skip -= known
        got += bytes.count - known
        return known == bytes.count ? nil : UnsafeRawBufferPointer(rebasing: bytes[known...])
    }

    private func rangeStart(_ head: HTTPHead) -> Int? {
        guard let range = head.field("content-range"), range.hasPrefix("bytes ") else { return nil }
        return Int(range.dropFirst(6).prefix { $0 != "-" })
    }
}
