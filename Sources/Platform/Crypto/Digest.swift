import COpenSSL

/// One running digest of OpenSSL's EVP interface. Its context never leaves this file.
final class DigestContext {
    private let context: OpaquePointer
    private let length: Int

    init(_ algorithm: OpaquePointer) {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, algorithm, nil) == 1 else {
            fatalError("OpenSSL cannot start a digest: \(openSSLReason())")
        }
        self.context = context
        length = Int(EVP_MD_get_size(algorithm))
    }

    private init(copyOf other: DigestContext) {
        guard let context = EVP_MD_CTX_new(), EVP_MD_CTX_copy_ex(context, other.context) == 1 else {
            fatalError("OpenSSL cannot copy a digest: \(openSSLReason())")
        }
        self.context = context
        length = other.length
    }

    deinit { EVP_MD_CTX_free(context) }

    func copy() -> DigestContext { DigestContext(copyOf: self) }

    func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        EVP_DigestUpdate(context, base, bytes.count)
    }

    func finish() -> [UInt8] {
        var result = [UInt8](repeating: 0, count: length)
        EVP_DigestFinal_ex(context, &result, nil)
        return result
    }
}

/// A SHA-256: 32 bytes, written as 64 lowercase hexadecimal digits.
package struct SHA256Digest: Hashable, Sendable, CustomStringConvertible {
    package let bytes: [UInt8]

    package var hex: String { hexString(bytes) }
    package var description: String { hex }

    /// Returns nil unless `bytes` are 32.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// Returns nil unless `hex` is 64 lowercase hexadecimal digits: one digest has one spelling, since digests are parts of object keys.
    package init?(hex: String) {
        guard let bytes = bytesOfHex(hex) else { return nil }
        self.init(bytes: bytes)
    }

    fileprivate init(unchecked bytes: [UInt8]) { self.bytes = bytes }
}

/// SHA-256 of bytes given piece by piece. One thread at a time; nothing may follow `finish`.
package final class SHA256 {
    private let context: DigestContext

    package init() { context = DigestContext(EVP_sha256()) }
    private init(_ context: DigestContext) { self.context = context }

    package func update(_ bytes: UnsafeRawBufferPointer) { context.update(bytes) }
    package func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes(context.update) }
    package func finish() -> SHA256Digest { SHA256Digest(unchecked: context.finish()) }

    /// A digest that goes on from here by itself.
    package func copy() -> SHA256 { SHA256(context.copy()) }

    package static func hash(_ bytes: [UInt8]) -> SHA256Digest { bytes.withUnsafeBytes(hash) }

    package static func hash(_ bytes: UnsafeRawBufferPointer) -> SHA256Digest {
        let digest = SHA256()
        digest.update(bytes)
        return digest.finish()
    }

    /// Of the UTF-8 of `text`.
    package static func hash(_ text: String) -> SHA256Digest { hash(Array(text.utf8)) }
}

/// MD5, for protocols that demand it (S3's `Content-MD5`). It proves nothing against an attacker.
package final class MD5 {
    private let context = DigestContext(EVP_md5())

    package init() {}

    package func update(_ bytes: UnsafeRawBufferPointer) { context.update(bytes) }
    package func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes(context.update) }

    /// 16 bytes.
    package func finish() -> [UInt8] { context.finish() }

    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        let digest = MD5()
        digest.update(bytes)
        return digest.finish()
    }
}

/// SHA-1, for protocols that demand it (RMI's method hashes). It proves nothing against an attacker.
package enum SHA1 {
    /// 20 bytes.
    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        let context = DigestContext(EVP_sha1())
        bytes.withUnsafeBytes(context.update)
        return context.finish()
    }
}
