import BackupModel
import HTTPClient
import ObjectStore

extension S3Store {
    func storeError(_ refusal: S3Refusal, _ request: S3Request) -> StoreError {
        let detail = refusal.detail
        switch refusal.code {
        case "NoSuchBucket": return .noSuchBucket(place: place)
        case "NoSuchKey": return request.key.map { .notFound($0, place: place) } ?? .unexpected(request.what, place: place, detail: detail)
        case "SignatureDoesNotMatch", "InvalidAccessKeyId": return .signatureRefused(place: place, detail: detail)
        case "RequestTimeTooSkewed":
            return .signatureRefused(place: place, detail: "\(detail); this host's clock is \(clockDifference(refusal.head)) the store's")
        case "ExpiredToken", "InvalidToken", "TokenRefreshRequired": return .accessDenied(request.what, place: place, detail: detail)
        case "PermanentRedirect", "AuthorizationHeaderMalformed", "InvalidBucketName", "IllegalLocationConstraintException":
            let region = refusal.head.field("x-amz-bucket-region").map { "; the bucket is in region '\($0)'" } ?? ""
            return .misconfigured("endpoint, region or bucket cannot be right: \(detail)\(region)", place: place)
        case "EntityTooLarge", "QuotaExceeded", "XMinioStorageFull", "InsufficientStorage": return .full(request.what, place: place)
        case _ where refusal.isDamage:
            return request.key.map { .damagedInTransit($0, place: place, detail: detail) } ?? .unavailable(request.what, place: place, detail: detail)
        case _ where refusal.isWorthRetrying: return .unavailable(request.what, place: place, detail: detail)
        default: break
        }
        switch refusal.status {
        case 401, 403: return .accessDenied(request.what, place: place, detail: detail)
        case 404: return request.key.map { .notFound($0, place: place) } ?? .misconfigured("there is no S3 at this endpoint (\(detail))", place: place)
        case 507: return .full(request.what, place: place)
        case 500...599, 429, 408: return .unavailable(request.what, place: place, detail: detail)
        case 300...399: return .misconfigured("the endpoint sends us elsewhere (\(detail))", place: place)
        default: return .unexpected(request.what, place: place, detail: detail)
        }
    }

    func storeError(_ error: HTTPError, _ request: S3Request) -> StoreError {
        switch error {
        case .cancelled: .cancelled
        case .callerFailed(let error): error as? StoreError ?? .sink(error)
        case .badRequest(let text): .misconfigured(text, place: place)
        case .tls(let text): .untrusted(place: place, detail: text)
        case .tooLarge: .unexpected(request.what, place: place, detail: "\(error)")
        default: .unavailable(request.what, place: place, detail: "\(error)")
        }
    }

    private func clockDifference(_ head: HTTPHead) -> String {
        guard let offset = clockOffset(head) else { return "too far from" }
        return "\(abs(offset) / 1000) s \(offset > 0 ? "behind" : "ahead of")"
    }
}

extension HTTPError {
    var isWorthRetrying: Bool {
        switch self {
        case .couldNotResolve, .couldNotConnect, .stalled, .timedOut, .cutShort, .answerLost, .other: true
        case .tls, .cancelled, .tooLarge, .callerFailed, .badRequest: false
        }
    }
}
