import COpenSSL

package enum HMACSHA256 {
    /// 32 bytes. An empty key is a key.
    package static func code(key: [UInt8], message: [UInt8]) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: 32)
        // OpenSSL takes a null key to mean "the key as before", so that an empty array's null address must not reach it.
        let key = key.isEmpty ? [0] : key
        HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &result, nil)
        return result
    }
}
