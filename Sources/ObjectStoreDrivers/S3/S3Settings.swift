package struct S3Settings: Sendable {
    /// Objects up to this size go in one request, larger ones in parts of it; grows so that an object has at most 10,000. S3 wants at least 5 MiB.
    package var partSize = 8 << 20
    /// Of one request, in all.
    package var attempts = 7
    package var firstDelayMilliseconds = 200
    package var longestDelayMilliseconds = 20_000
    package var connectSeconds = 10
    package var stallSeconds = 60
    /// Whether the signature covers the body's SHA-256; nil: over plain http only, since TLS keeps it whole anyway.
    package var signsBodies: Bool?

    package init() {}

    func partSize(for size: Int) -> Int {
        let mebibyte = 1 << 20
        return max(partSize, (size / 10_000 / mebibyte + 1) * mebibyte)
    }
}
