package import BackupModel

/// Each names the place and, where there is one, the key.
package enum StoreError: FailureConvertible, CustomStringConvertible {
    case notFound(ObjectKey, place: String)
    case accessDenied(String, place: String, detail: String)
    /// The secret does not fit the key, or the clock is off.
    case signatureRefused(place: String, detail: String)
    /// Nobody whom we trust vouches for its certificate.
    case untrusted(place: String, detail: String)
    case noSuchBucket(place: String)
    case full(String, place: String)
    /// Unreachable, or failing after all retries.
    case unavailable(String, place: String, detail: String)
    /// What arrived is shorter than what was announced.
    case cutShort(ObjectKey, place: String, got: Int, of: Int)
    case damagedInTransit(ObjectKey, place: String, detail: String)
    case tooLarge(ObjectKey, limit: Int)
    /// Not a store of this kind, or a setting that cannot be right.
    case misconfigured(String, place: String, hint: String? = nil)
    case unexpected(String, place: String, detail: String)
    case cancelled
    /// An error of the caller's own `body` or `sink`.
    case sink(any Error)

    package var description: String { failure.description }

    /// The error of the caller's own `body` or `sink`, as it was thrown; of others this one.
    package var unwrapped: any Error {
        if case .sink(let error) = self { error } else { self }
    }

    package var failure: Failure {
        switch self {
        case .notFound(let key, let place): Failure("store.not-found", "no object '\(key)' in \(place)", hint: "'aeneas backup verify' names everything that is missing")
        case .accessDenied(let what, let place, let detail):
            Failure("store.access-denied", "\(what) in \(place): access denied (\(detail))", hint: "may these credentials read and put objects under this prefix?")
        case .signatureRefused(let place, let detail):
            Failure("store.signature-refused", "\(place) refuses our signature (\(detail))", hint: "is the secret key right, and the clock of this host?")
        case .untrusted(let place, let detail):
            Failure("store.untrusted", "the certificate of \(place) is not trusted (\(detail))", hint: "is it the endpoint's own? authorities that this system does not know are named by 'aeneas store add … --ca FILE'")
        case .noSuchBucket(let place): Failure("store.no-such-bucket", "there is no bucket at \(place)", hint: "create it, or correct the store's bucket and endpoint")
        case .full(let what, let place): Failure("store.full", "no space left for \(what) in \(place)", hint: "free space there or move the store")
        case .unavailable(let what, let place, let detail):
            Failure("store.unavailable", "\(what) in \(place): \(detail)", hint: "can this host reach the store?", recovery: .retry)
        case .cutShort(let key, let place, let got, let of):
            Failure("store.cut-short", "'\(key)' in \(place) ended after \(got) of \(of) bytes", hint: "is the object whole in the store?")
        case .damagedInTransit(let key, let place, let detail): Failure("store.damaged-in-transit", "'\(key)' in \(place): \(detail)", recovery: .retry)
        case .tooLarge(let key, let limit): Failure("store.too-large", "'\(key)' is larger than the \(limit) bytes that it may have")
        case .misconfigured(let what, let place, let hint): Failure("store.misconfigured", "\(place): \(what)", hint: hint)
        case .unexpected(let what, let place, let detail): Failure("store.unexpected", "\(what) in \(place): \(detail)", recovery: .bug)
        case .cancelled: Failure("run.cancelled", "cancelled", recovery: .retry)
        case .sink(let error): Failure(error)
        }
    }
}
