import Crypto
import Testing

@Suite("Digests and codes")
struct CryptoDigestTests {
    @Test("SHA-256 of pieces equals SHA-256 of the whole, as published")
    func sha256() {
        let digest = SHA256()
        digest.update(Array("a".utf8))
        digest.update([])
        let fork = digest.copy()
        digest.update(Array("bc".utf8))
        #expect(digest.finish().hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(fork.finish() == SHA256.hash("a"))
        #expect(SHA256.hash([UInt8]()).hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test("a digest is read back from its own spelling only")
    func digestSpelling() throws {
        let digest = SHA256.hash("x")
        #expect(SHA256Digest(hex: digest.hex) == digest)
        #expect(SHA256Digest(hex: digest.hex.uppercased()) == nil)
        #expect(SHA256Digest(hex: String(digest.hex.dropLast())) == nil)
        #expect(SHA256Digest(hex: String(digest.hex.dropLast(2))) == nil)
        #expect(SHA256Digest(hex: "g" + digest.hex.dropFirst()) == nil)
    }

    @Test("MD5, SHA-1 and HMAC are as published")
    func others() {
        #expect(hexString(MD5.hash(Array("abc".utf8))) == "900150983cd24fb0d6963f7d28e17f72")
        #expect(base64String(MD5.hash([])) == "1B2M2Y8AsgTpgAmY7PhCfg==")
        #expect(hexString(SHA1.hash(Array("abc".utf8))) == "a9993e364706816aba3e25717850c26c9cd0d89d")
        let code = HMACSHA256.code(key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8))
        #expect(hexString(code) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        #expect(hexString(HMACSHA256.code(key: [], message: [])) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }

    @Test(
        "base64 pads every length", arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("\u{fb}\u{ff}", "w7vDvw==")])
    func base64(_ text: String, _ expected: String) {
        #expect(base64String(Array(text.utf8)) == expected)
    }

    @Test("equality looks at every byte and at the length")
    func equality() {
        #expect(constantTimeEquals([1, 2], [1, 2]))
        #expect(!constantTimeEquals([1, 2], [1, 3]))
        #expect(!constantTimeEquals([1, 2], [1, 2, 3]))
        #expect(randomBytes(32) != randomBytes(32))
        #expect(randomBytes(0).isEmpty)
    }
}
